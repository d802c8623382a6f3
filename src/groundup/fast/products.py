"""x W^T + b in float32 by oneDNN, where PyTorch's own product takes twice as long.

PyTorch multiplies float32 matrices with MKL. On an AMD processor MKL does without the instructions for 512 bits, which
oneDNN uses: x (2048, 256) times W^T (256, 1024) ran at 486 instead of 220 GFLOP/s on two cores of an EPYC, the gradient
of x at 498 instead of 215, and that of W at 388 instead of 202.
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional as F

from groundup.machine import processor

SMALL = 2**21
"""Multiplications; below, a call of oneDNN costs more than it saves."""
NARROW = 128
"""A matrix of weights without a side of this length has its gradient from MKL, which is faster for it."""


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x (..., K), weight (N, K), bias (N,) -> (..., N), as `F.linear`."""
    if not (_by_onednn(x, weight) and _fit(x, weight, bias)):
        return F.linear(x, weight, bias)
    if torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in (x, weight, bias)):
        # Rows, because a result that is a view made here could not be changed in place.
        rows: Tensor = _Product.apply(x.reshape(-1, x.shape[-1]), weight, bias)  # pyright: ignore[reportAssignmentType]
        return rows.view(*x.shape[:-1], -1)
    return _onednn(x, weight, bias)


@cache
def onednn_is_faster() -> bool:
    """Whether this is an AMD processor with AVX-512, and PyTorch uses MKL."""
    return (
        torch.backends.mkl.is_available()
        and torch.backends.mkldnn.is_available()
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and "AMD" in processor()
    )


def _by_onednn(x: Tensor, weight: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and x.numel() * weight.shape[0] >= SMALL
        and not torch.compiler.is_compiling()
        and not torch.is_autocast_enabled("cpu")
        and onednn_is_faster()
        and not _transformed()
    )


def _fit(x: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether the shapes are right: `F.linear` has the better messages, and oneDNN reads beyond a bias."""
    return (
        weight.dim() == 2
        and x.dim() > 0
        and x.shape[-1] == weight.shape[1]
        and x.layout == weight.layout == torch.strided
        and (bias is None or (bias.shape == weight.shape[:1] and bias.dtype == x.dtype))
    )


def _transformed() -> bool:
    """Whether something looks on that knows nothing of oneDNN's call: torch.func, forward derivatives,
    torch.jit.trace, or a counter of operations such as torch.utils.flop_counter."""
    return (
        torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
        or torch._C._is_tracing()
        or torch._C._len_torch_dispatch_stack() > 0
    )


def _onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    bias = None if bias is None else bias.contiguous()  # oneDNN takes no notice of its strides
    return torch.ops.mkldnn._linear_pointwise.default(x, weight, bias, "none", [], "")


class _Product(torch.autograd.Function):
    """The product, whose gradients are products by the same way."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _onednn(x, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor | None], output: Tensor) -> None:
        x, weight, _ = inputs
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        rows, down = x.reshape(-1, x.shape[-1]), upstream.reshape(-1, weight.shape[0])
        return (
            product(upstream, weight.t()) if of_x else None,
            _of_weight(rows, down) if of_weight else None,
            down.sum(dim=0) if of_bias else None,
        )


def _of_weight(rows: Tensor, down: Tensor) -> Tensor:
    """The gradient of the weights (N, K), from the inputs (R, K) and the gradient of the outputs (R, N)."""
    if max(rows.shape[1], down.shape[1]) < NARROW:
        return down.t() @ rows
    return product(rows.t(), down.t()).t()
