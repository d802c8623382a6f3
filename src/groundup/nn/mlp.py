"""The position-wise feed-forward layer (Vaswani et al. 2017, section 3.3) and its gated form (Shazeer 2020)."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from groundup.nn.linear import Linear, together

# A CPU works through an activation in pieces of this many numbers, which stay in the caches of its cores.
PIECE = 2**17


def relu_squared(x: Tensor) -> Tensor:
    """max(0, x)^2: what a search over activations found to train language models faster (So et al. 2021, Primer)."""
    return F.relu(x).square()


def gelu_tanh(x: Tensor) -> Tensor:
    """GELU as GPT-2 has it (Hendrycks & Gimpel 2016): x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))."""
    if x.device.type == "cpu" and x.requires_grad:
        return _GeluTanh.apply(x)  # pyright: ignore[reportReturnType]
    return F.gelu(x, approximate="tanh")


class _GeluTanh(torch.autograd.Function):
    """Value and slope in one pass, and by 1 + tanh(u) = 2 * sigmoid(2u): PyTorch's tanh is slow on a CPU."""

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


class MLP(nn.Module):
    """out(activation(into(x))): every position on its own, through a wider hidden layer."""

    def __init__(self, width: int, hidden: int, *, activation: Callable[[Tensor], Tensor], bias: bool = True):
        super().__init__()
        self.into = Linear(width, hidden, bias=bias)
        self.out = Linear(hidden, width, bias=bias)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.activation(self.into(x)))


class GatedMLP(nn.Module):
    """out(silu(gate(x)) * into(x)), the SwiGLU of LLaMA."""

    def __init__(self, width: int, hidden: int, *, bias: bool = False):
        super().__init__()
        self.gate = Linear(width, hidden, bias=bias)
        self.into = Linear(width, hidden, bias=bias)
        self.out = Linear(hidden, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        gate, into = together(x, *self.siblings)
        return self.out(F.silu(gate) * into)

    @property
    def siblings(self) -> tuple[nn.Module, ...]:
        """The layers that read the same x."""
        return self.gate, self.into
