"""A GPU that is only pretended: tensors that say `cuda:0` and are computed on the CPU, so that mistakes of place show.

    with PretendGPU() as gpu:
        model.to("cuda")(ids.to("cuda"))
        gpu.waits                             what made the processor wait for the GPU, in order

As on a real one it is an error to mix tensors of both places (single numbers and what PyTorch itself carries across
left out), to draw for one with the generator of the other, to ask one for `.numpy()`, and to run a kernel that only
processors have. Autocast changes what `ATen/autocast_mode.h` lists for CUDA. Numbers, memory and time are a CPU's.
"""

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import patch

import torch
from torch import Tensor
from torch.autograd.graph import _engine_run_backward
from torch.overrides import TorchFunctionMode
from torch.utils import _foreach_utils
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

GPU = torch.device("cuda", 0)
MEMORY = 80 * 10**9
NAME = "NVIDIA H100 80GB HBM3"

# What autocast does on CUDA to the functions that a model calls by name.
IN_LOW_PRECISION = {"linear", "matmul", "__matmul__", "mm", "bmm", "addmm", "baddbmm", "scaled_dot_product_attention"}
IN_FLOAT32 = {
    *("layer_norm", "rms_norm", "softmax", "log_softmax", "cumsum", "sum", "prod", "logsumexp", "cross_entropy"),
    *("nll_loss", "exp", "log", "log1p", "expm1", "pow", "rsqrt", "reciprocal", "vector_norm", "norm", "softplus"),
}

aten = torch.ops.aten
CARRIED_ACROSS = {aten.copy_, aten._to_copy, aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_}
NOT_EVEN_NUMBERS = {
    aten.cat,
    aten.stack,
    aten.gather,
    aten.index_select,
    aten.embedding,
    aten.scatter,
    aten.multinomial,
}
WAITING = {aten._local_scalar_dense, aten.equal, aten.nonzero, aten.masked_select, aten._unique2, aten.is_nonzero}

_waits: list[str] = []


class OnGPU(Tensor):
    """A tensor that lies there. `inner` has the same storage and knows nothing of it."""

    inner: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, inner: Tensor) -> "OnGPU":
        made = Tensor._make_subclass(cls, inner)
        made.inner = inner
        return made

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return GPU

    @property
    def is_cuda(self) -> bool:  # type: ignore[override]
        return True

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"OnGPU({self.inner})"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        flat, spec = tree_flatten((args, kwargs or {}))
        _check(func, args, flat)
        there = {id(x.inner): x for x in flat if isinstance(x, cls)}
        args, kwargs = tree_unflatten([x.inner if isinstance(x, cls) else x for x in flat], spec)
        return tree_map_only(Tensor, lambda x: there[id(x)] if id(x) in there else cls(x), func(*args, **kwargs))


def _check(func: Any, args: tuple, flat: list[Any]) -> None:
    packet = func.overloadpacket
    if func.namespace not in ("aten", "prims", "profiler"):
        raise NotImplementedError(f"{func} has no kernel for a GPU")
    here = [x for x in flat if isinstance(x, Tensor) and not isinstance(x, OnGPU)]
    strange = [x for x in here if x.ndim] or (packet in NOT_EVEN_NUMBERS and here)
    written = func._schema.is_mutable and isinstance(args[0], Tensor) and not isinstance(args[0], OnGPU)
    if packet is aten.copy_ and written:
        _waits.append("copy_")
    elif packet in CARRIED_ACROSS:
        if not isinstance(args[0], OnGPU):
            raise RuntimeError(f"{func}: a tensor on cpu, its indices on {GPU}")
    elif strange or written:
        raise RuntimeError(f"{func}: expected all tensors on {GPU}, and {[tuple(x.shape) for x in here]} are on cpu")
    if packet in WAITING or (packet is aten.index and any(x is not None and x.dtype == torch.bool for x in args[1])):
        _waits.append(packet.__name__)


class PretendGPU(TorchFunctionMode):
    """Within it PyTorch believes that there is a GPU."""

    def __init__(self) -> None:
        super().__init__()
        self._patches = ExitStack()
        self._depth = 0

    @property
    def waits(self) -> list[str]:
        return _waits

    def __enter__(self) -> Self:
        self._depth += 1
        if self._depth == 1:
            _waits.clear()
            for name, value in {
                "torch.cuda.is_available": lambda: True,
                "torch.cuda.device_count": lambda: 1,
                "torch.cuda.current_device": lambda: 0,
                "torch.cuda.is_bf16_supported": lambda including_emulation=True: True,
                "torch.cuda.get_device_name": lambda device=None: NAME,
                "torch.cuda.get_device_properties": lambda device=None: SimpleNamespace(total_memory=MEMORY),
                "torch.cuda._lazy_init": lambda: None,
                "torch.Generator": _Generator,
                "torch.autograd._engine_run_backward": self._backward,
                "torch.nn.utils.clip_grad._group_tensors_by_device_and_dtype": _grouped,
            }.items():
                self._patches.enter_context(patch(name, value))
            # Weights become another kind of tensor on the way there, so that they must be swapped to stay the same.
            before = torch.__future__.get_swap_module_params_on_conversion()
            self._patches.callback(torch.__future__.set_swap_module_params_on_conversion, before)
            torch.__future__.set_swap_module_params_on_conversion(True)
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._depth -= 1
        if not self._depth:
            self._patches.close()

    def _backward(self, *args: Any, **kwargs: Any) -> Any:
        with self:  # a model's code runs meanwhile, and its own call has left the mode
            return _engine_run_backward(*args, **kwargs)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, name = dict(kwargs or {}), getattr(func, "__name__", "")
        there = bool(args) and isinstance(args[0], OnGPU)
        if name in ("to", "cpu", "cuda") and isinstance(args[0], Tensor):
            return _to(args[0], *args[1:], **kwargs) if name == "to" else _to(args[0], name)
        if there and name == "tolist":
            _waits.append(name)
            return args[0].inner.tolist()
        if there and name in ("numpy", "__array__"):
            raise TypeError(f"can't convert {GPU} device type tensor to numpy; use Tensor.cpu() first")
        if torch.is_autocast_enabled("cuda") and (name in IN_LOW_PRECISION or name in IN_FLOAT32):
            to = torch.get_autocast_dtype("cuda") if name in IN_LOW_PRECISION else torch.float32
            if kwargs.get("dtype") is None:
                args, kwargs = tree_map_only(OnGPU, lambda x: x.to(to) if x.is_floating_point() else x, (args, kwargs))
        place = GPU if there else torch.device("cpu")
        place = place if kwargs.get("device") is None else torch.device(kwargs["device"])
        draws = kwargs.get("generator")
        if draws is not None and getattr(draws, "on_gpu", False) != (place.type == "cuda"):
            raise RuntimeError(f"{name}: expected a generator for {place}")
        if kwargs.pop("device", None) is None:
            return func(*args, **kwargs)
        made = func(*args, **kwargs, device=place if place.type == "meta" else "cpu")
        if place.type == "cuda":
            return made if isinstance(made, OnGPU) else OnGPU(made)
        return made.inner if isinstance(made, OnGPU) and place.type == "cpu" else made


def _to(x: Tensor, *args: Any, device: Any = None, dtype: torch.dtype | None = None, **_: Any) -> Tensor:
    for arg in args:
        if isinstance(arg, torch.dtype):
            dtype = arg
        elif isinstance(arg, torch.device | str):
            device = arg
        elif isinstance(arg, Tensor):
            device, dtype = arg.device, arg.dtype
    kind = x.device.type if device is None else torch.device(device).type
    y = x if dtype is None else x.to(dtype)
    if kind == x.device.type:
        return y
    if kind == "meta":
        return y.to("meta")
    assert not (y.requires_grad and torch.is_grad_enabled()), "no gradients travel between places here"
    if kind == "cuda":
        return OnGPU(y.detach().clone())
    _waits.append("cpu")
    assert isinstance(y, OnGPU)
    return y.inner.detach().clone()


class _Generator(torch._C.Generator):
    """A CPU's, that remembers for what it was made."""

    def __new__(cls, device: Any = "cpu") -> "_Generator":
        made = super().__new__(cls)
        made.on_gpu = torch.device(device).type == "cuda"
        return made


def _grouped(lists: list[list[Tensor]], with_indices: bool = False) -> dict:
    """PyTorch groups by the place that C++ sees."""
    found = _foreach_utils._group_tensors_by_device_and_dtype(lists, with_indices)  # type: ignore[arg-type]
    return {(some[0][0].device, dtype): (some, where) for (_, dtype), (some, where) in found.items()}
