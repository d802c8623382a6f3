"""GELU for training on a CPU (Hendrycks & Gimpel 2016, the tanh form): value and derivative in one pass."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# A CPU processes an activation in pieces of this many numbers, which stay in the caches of its cores.
PIECE = 2**17


class QuickGELU(nn.GELU):
    """The fast `nn.GELU`."""

    def forward(self, input: Tensor) -> Tensor:
        return gelu_tanh(input) if self.approximate == "tanh" else F.gelu(input)


def gelu_tanh(x: Tensor) -> Tensor:
    """x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))): GELU as GPT-2 has it."""
    if x.device.type == "cpu" and x.requires_grad:
        return _GeluTanh.apply(x)  # pyright: ignore[reportReturnType]
    return F.gelu(x, approximate="tanh")


class _GeluTanh(torch.autograd.Function):
    """Compute value and derivative in one pass, with 1 + tanh(u) = 2 * sigmoid(2u): PyTorch's tanh is slow on a CPU."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.contiguous()
        value, slope = torch.empty_like(x), torch.empty_like(x)
        linear = 2 * math.sqrt(2 / math.pi)
        cubic = 0.044715 * linear
        work = [x.new_empty(min(PIECE, x.numel()), dtype=torch.promote_types(x.dtype, torch.float32)) for _ in range(4)]
        for into, derived, piece in zip(*(t.view(-1).split(PIECE) for t in (value, slope, x)), strict=True):
            z, square, share, rest = (t[: len(piece)] for t in work)
            z.copy_(piece)
            torch.mul(z, z, out=square)
            torch.mul(square, cubic, out=share).add_(linear).mul_(z).sigmoid_()
            into.copy_(z.mul_(share))
            torch.addcmul(z, z, share, value=-1, out=rest)
            derived.copy_(share.addcmul_(rest, square.mul_(3 * cubic).add_(linear)))
        ctx.save_for_backward(slope)
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        (slope,) = ctx.saved_tensors
        return upstream * slope
