"""A copy of a model with 8-bit integer matrices, for generation on a CPU.

Every row of a matrix has its own scale, computed once. Inputs are rounded to 8 bits at every call, with one range for
the whole call, so an answer may depend slightly on the rest of its batch. Outputs are float32, and so is everything
between the matrices: attention, norms and caches are unchanged.
"""

import copy
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any, Generic, Literal, TypeVar

import torch
from torch import Tensor, nn

from groundup.fast.linear import Joined, siblings, side_by_side
from groundup.nn.block import Block

M = TypeVar("M", bound=nn.Module)
Precision = Literal["float32", "int8"]


class Precisions(Generic[M]):
    """A model, and its int8 copy, which is made when it is first used."""

    def __init__(self, model: M):
        self._models: dict[str, M] = {"float32": model}

    def of(self, precision: Precision) -> M:
        """Return the model with this precision. ValueError for an unknown word, or if int8 is not supported here."""
        if precision not in ("float32", "int8"):
            raise ValueError(f"precision ({precision}) must be float32 or int8")
        if precision not in self._models:
            self._models[precision] = lighten(self._models["float32"])
        return self._models[precision]


def lighten(model: M) -> M:
    """Return a copy with the current weights; it cannot be trained. ValueError if int8 is not supported here."""
    if next(model.parameters()).device.type != "cpu":
        raise ValueError("int8 is for CPUs; use device=cpu, or float32 on this device")
    if not torch.backends.quantized.supported_engines:
        raise ValueError("this PyTorch was built without int8 products; use float32")
    light = copy.deepcopy(model).requires_grad_(False).eval()
    modules = list(light.modules())
    groups = [group for module in modules if isinstance(module, Block) for group in siblings(module)]
    joined = {group[0]: _join(group) for group in groups}
    for module in modules:
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, LightLinear(child, joined.get(child)))
    return light


def _join(layers: Sequence[Any]) -> Joined:
    return Joined(LightLinear(side_by_side(layers)), [layer.out_features for layer in layers])


class LightLinear(nn.Module):
    """x W^T + b with x and W in 8 bits, (..., K) -> (..., N) in float32."""

    def __init__(self, linear: nn.Linear, joined: Joined | None = None):
        super().__init__()
        self.joined = joined
        bias = None if linear.bias is None else linear.bias.detach().float()
        self._packed = _pack(linear.weight.detach(), bias)

    def forward(self, x: Tensor) -> Tensor:
        # Use its full name: overload resolution takes a tenth of the time of one row.
        return torch.ops.quantized.linear_dynamic.default(x, self._packed, _saturates())


def in_8_bits(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return integers from -127 to 127 (N, K) and a scale for each row (N,); their product is about the weight."""
    scales = weight.float().abs().amax(dim=1).clamp(min=1e-30) / 127
    return (weight.float() / scales[:, None]).round(), scales


def _pack(weight: Tensor, bias: Tensor | None) -> Any:
    """Pack the weight for PyTorch's kernel, in the layout that is best for this processor."""
    whole, scales = in_8_bits(weight)
    with warnings.catch_warnings():  # PyTorch warns that its quantization will move to another package
        warnings.simplefilter("ignore")
        zeros = torch.zeros_like(scales, dtype=torch.int64)
        quantized = torch.quantize_per_channel(whole * scales[:, None], scales, zeros, 0, torch.qint8)
    return torch.ops.quantized.linear_prepack(quantized, bias)


@cache
def _saturates() -> bool:
    """Whether x must be rounded to 7 bits: processors without 8-bit products (VNNI) add two products in 16 bits."""
    x, weight = torch.full((1, 64), 255.0), torch.full((64, 64), 127.0)
    found = torch.ops.quantized.linear_dynamic.default(x, _pack(weight, None), False)
    return not torch.allclose(found, x @ weight.T, rtol=0.01)
