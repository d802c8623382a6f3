"""A tape of a forward pass: every operation with its result, the author's line and the module it was made in.

Two tapes of the same code on inputs that differ in one place show which line first carries the difference to where it
should not be.
"""

import linecache
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from groundup.doctor.finding import Place

_DOCTOR = str(Path(__file__).parent)
_STRANGERS = (str(Path(torch.__file__).parent), _DOCTOR, str(Path(linecache.__file__).parent))
_COMPOSITE = torch._C.DispatchKey.CompositeImplicitAutograd
LARGEST = 20_000_000
"""Numbers: results that have more are not kept."""


@cache
def is_own(file: str) -> bool:
    """Whether a file is the author's: not torch's, Python's or the doctor's."""
    return not file.startswith("<") and not file.startswith(_STRANGERS) and "site-packages" not in file


@dataclass(eq=False)
class Step:
    """One operation of a forward pass."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: list[Tensor]
    outputs: list[Tensor]
    """Copies, as they were when the operation was done."""
    live: list[Tensor]
    """The tensors themselves, which later operations may have changed."""
    file: str | None
    line: int | None
    module: str | None
    grad: bool
    """Whether gradients were recorded."""
    key: tuple = ()

    def reads(self) -> list[int]:
        return [memory(tensor) for tensor in self.inputs]

    def writes(self) -> list[int]:
        return [memory(tensor) for tensor in self.live]


def memory(tensor: Tensor) -> int:
    """The address of a tensor's memory, which its views share."""
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return id(tensor)


@dataclass(eq=False)
class Tape(TorchDispatchMode):
    """Records what is computed inside `with recording(model) as tape`."""

    keep: bool = True
    """Whether copies of all results are kept."""
    steps: list[Step] = field(default_factory=list)
    stack: list[str] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if torch.is_inference_mode_enabled() and func.has_kernel_for_dispatch_key(_COMPOSITE):
            with self:  # elsewhere autograd has taken it apart
                return func.decompose(*args, **(kwargs or {}))
        out = func(*args, **(kwargs or {}))
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        live = [leaf for leaf in tree_leaves(out) if isinstance(leaf, Tensor)]
        name = func.overloadpacket.__name__
        file, line = _author()
        key = (name, file, line)
        self.counts[key] += 1
        copies = [one.detach().clone() for one in live if one.numel() < LARGEST] if self.keep else []
        module = self.stack[-1] if self.stack else None
        self.steps.append(
            Step(name, args, kwargs or {}, inputs, copies, live, file, line, module, torch.is_grad_enabled())
        )
        self.steps[-1].key = (*key, self.counts[key])
        return out


def _author() -> tuple[str | None, int | None]:
    """The innermost line that the author wrote."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if is_own(file):
            return file, frame.f_lineno
        if file.startswith(_DOCTOR) and file != __file__:
            break  # beyond are those who called the doctor
        frame = frame.f_back
    return None, None


@contextmanager
def recording(model: nn.Module, *, keep: bool = True) -> Iterator[Tape]:
    """Record all operations, with the path of the module each is made in."""
    names = {id(module): name for name, module in model.named_modules()}
    tape = Tape(keep=keep)

    def push(module: nn.Module, _args: Any) -> None:
        tape.stack.append(names.get(id(module), "?"))

    def pop(*_: Any) -> None:
        if tape.stack:
            tape.stack.pop()

    enter = register_module_forward_pre_hook(push)
    leave = register_module_forward_hook(pop, always_call=True)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # one operation, in which nothing can be seen
    try:
        with tape:
            yield tape
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        enter.remove()
        leave.remove()


def pairs(one: Tape, other: Tape) -> Iterator[tuple[Step, Step]]:
    """The steps that are on both tapes, in order: the same operation at the same line for the nth time."""
    there = {step.key: step for step in other.steps}
    for step in one.steps:
        if (twin := there.get(step.key)) is not None:
            yield step, twin


def first_change(
    one: Tape, other: Tape, size: int, *, before: int | None = None, rows: int = 0
) -> tuple[Step, int] | None:
    """The first step with a result that differs where it should not, and which of its results.

    size: how long the axis is that is looked at. before: only changes at indices below it count; None, at all indices
    but 0. A result may have the axis twice, as scores have: then all its indices must be so. rows: how many rows the
    axis may have been joined with, in either order.
    """
    for step, twin in pairs(one, other):
        for n, (a, b) in enumerate(zip(step.outputs, twin.outputs, strict=False)):
            if a.shape != b.shape or not a.is_floating_point():
                continue
            if size not in a.shape:
                if rows and _joined(a, b, size, slice(1, None) if before is None else slice(0, before), rows):
                    return step, n
                continue
            region = [slice(None)] * a.dim()
            for axis in range(a.dim()):
                if a.shape[axis] == size:
                    region[axis] = slice(1, None) if before is None else slice(0, before)
            if differ(a[tuple(region)], b[tuple(region)]):
                return step, n
    return None


def _joined(a: Tensor, b: Tensor, size: int, part: slice, rows: int) -> bool:
    """Whether results with one axis for all tokens of all rows differ in that part, in whichever order they stand."""
    if a.dim() < 2 or a.shape[0] != rows * size:
        return False
    for order in ((rows, size), (size, rows)):
        x, y = (one.view(*order, *one.shape[1:]) for one in (a, b))
        where = (slice(None), part) if order[0] == rows else (part,)
        if not differ(x[where], y[where]):
            return False
    return True


def differ(a: Tensor, b: Tensor, *, tolerance: float = 1e-5) -> bool:
    """Whether two results differ by more than rounding."""
    if a.is_floating_point():
        tolerance = max(tolerance, 8 * torch.finfo(a.dtype).eps)
    a, b = a.float(), b.float()
    scale = max(float(a[a.isfinite()].abs().max()) if a.isfinite().any() else 0.0, 1e-12)
    return not torch.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True)


def place(model: nn.Module, step: Step | None, *, module: str | None = None) -> Place:
    """Where a step, or a module, stands in the author's files."""
    path = module if module is not None else (step.module if step is not None else None)
    found = {} if path in (None, "?") else kind_of(model, path)
    if step is None or step.file is None or step.line is None:
        return Place(**found)
    source = linecache.getline(step.file, step.line).strip()
    return Place(file=Path(step.file).name, line=step.line, source=source, **found)


def kind_of(model: nn.Module, path: str) -> dict[str, Any]:
    """The class of the module at a path, and where it is written if the author wrote it."""
    import inspect

    kind = type(model.get_submodule(path))
    said: dict[str, Any] = {"module": path, "kind": kind.__name__}
    try:
        file = inspect.getsourcefile(kind)
        if file and is_own(file):
            said.update(kind_file=Path(file).name, kind_line=inspect.getsourcelines(kind)[1])
    except (OSError, TypeError):
        pass
    return said
