"""x W^T + b, PyTorch's Linear, with quicker ways for the few rows of a decoding step on a CPU.

One token a step means products of few rows, where every weight is read for a handful of multiplications: what counts is
how fast weights come out of memory. In float32 and for one row, the same weights as a batch of blocks of 64 rows come
twice as fast as by the usual product (14M weights on an AMD EPYC, one core: 2.6 against 5.1 ms). Otherwise a copy of
the weights in the order in which the processor multiplies them wins: `packed`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BLOCK = 64
FEW = 16  # rows; with more the usual product is as fast as blocks
MANY = 64  # rows; with more the usual product's own packing hardly counts


class Packed(NamedTuple):
    """A copy of a layer's weights as oneDNN wants them for so many rows, and which weights they were."""

    weight: Tensor
    rows: int
    dtype: torch.dtype
    version: int

    def fits(self, x: Tensor, weight: Tensor) -> bool:
        """Whether x is what it was made for, and the weights have not changed since."""
        return (
            not torch.compiler.is_compiling()
            and not torch.is_grad_enabled()
            and x.numel() == self.rows * weight.shape[1]
            and x.dtype == weight.dtype == self.dtype
            and weight._version == self.version
            and not torch.is_autocast_enabled("cpu")
        )


class Linear(nn.Linear):
    """`nn.Linear` by whatever computes it fastest."""

    packed: Packed | None = None

    def forward(self, input: Tensor) -> Tensor:
        if self.packed is not None and self.packed.fits(input, self.weight):
            return torch.ops.mkldnn._linear_pointwise.default(input, self.packed.weight, self.bias, "none", [], "")
        if _blocks_are_faster(input, self.weight):
            return linear_in_blocks(input, self.weight, self.bias)
        return F.linear(input, self.weight, self.bias)


@contextmanager
def packed(model: object, *, rows: int) -> Iterator[None]:
    """Within it, the model's linear layers of `rows` rows read packed copies of their weights, where that is faster.

    It doubles the weights' memory meanwhile and costs as much time as about ten steps. Ten million weights, one core:
    a step takes 5.8 instead of 8.0 ms in bfloat16 (one row), 29 instead of 36 ms in float32 (32 rows).
    """
    layers = [layer for layer in getattr(model, "modules", tuple)() if isinstance(layer, Linear)]
    for layer in layers:
        weight = layer.weight.detach()
        if _packing_pays(weight, rows):
            copy = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
            layer.packed = Packed(copy, rows, weight.dtype, layer.weight._version)
    try:
        yield
    finally:
        for layer in layers:
            layer.packed = None


def linear_in_blocks(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x (..., K), weight (N, K) with N a multiple of BLOCK, bias (N,) -> (..., N), as `F.linear`."""
    N, K = weight.shape
    R = x.numel() // K
    blocks = weight.view(-1, BLOCK, K)  # (N / BLOCK, BLOCK, K)
    columns = x.contiguous().as_strided((N // BLOCK, K, R), (0, 1, K))  # the columns of x^T, for every block the same
    if bias is None:
        products = torch.bmm(blocks, columns)  # (N / BLOCK, BLOCK, R)
    else:
        products = torch.baddbmm(bias.view(-1, BLOCK, 1), blocks, columns)
    if R == 1:
        return products.view(*x.shape[:-1], N)
    return products.view(N, R).t().reshape(*x.shape[:-1], N)


def _packing_pays(weight: Tensor, rows: int) -> bool:
    """On a CPU whose oneDNN multiplies this dtype; one row in float32 goes by blocks."""
    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available() or not 1 <= rows <= MANY:
        return False
    if weight.dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return weight.dtype == torch.float32 and rows > 1


def _blocks_are_faster(x: Tensor, weight: Tensor) -> bool:
    """Decoding in float32 on a CPU; in bfloat16 the usual product is the faster one."""
    return (
        not torch.is_grad_enabled()
        and x.dtype == weight.dtype == torch.float32
        and x.device.type == "cpu"
        and not torch.compiler.is_compiling()
        and not torch.is_autocast_enabled("cpu")
        and 0 < x.numel() <= FEW * x.shape[-1]
        and weight.shape[0] % BLOCK == 0
        and weight.is_contiguous()
    )
