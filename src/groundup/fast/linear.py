"""x W^T + b, PyTorch's Linear, with faster ways for the few rows of a decoding step on a CPU.

A decoding step has products of few rows, and every weight is read for a few multiplications only. So the time depends
on how fast weights are read from memory. In float32 and for one row, the same weights as a batch of blocks of 64 rows
are twice as fast as the usual product (14M weights on an AMD EPYC, one core: 2.6 against 5.1 ms). Otherwise a copy of
the weights in the order in which the processor multiplies them is fastest: `packed`. Layers that read the same x are
`joined` to one product, because most of the time of many short products is spent on calling them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from groundup.fast.products import product
from groundup.nn.attention import Attention
from groundup.nn.block import Block
from groundup.nn.mlp import GatedMLP

BLOCK = 64
FEW = 16  # rows; with more, the usual product is as fast as blocks
MANY = 64  # rows; with more, the usual product's own packing takes little of the time


class Packed(NamedTuple):
    """A copy of a layer's weights in oneDNN's layout, for products of few rows."""

    weight: Tensor
    rows: range
    """The numbers of rows for which it is used."""
    dtype: torch.dtype
    version: int | None

    def fits(self, x: Tensor, weight: Tensor) -> bool:
        """Whether the copy fits x, and the weights have not changed since it was made."""
        return (
            not torch.compiler.is_compiling()
            and not torch.is_grad_enabled()
            and x.numel() // weight.shape[1] in self.rows
            and x.dtype == weight.dtype == self.dtype
            and _version(weight) == self.version
            and not torch.is_autocast_enabled("cpu")
        )


class Joined(NamedTuple):
    """One layer with the outputs of several layers side by side."""

    layer: Callable[[Tensor], Tensor]
    widths: Sequence[int]
    fits: Callable[[Tensor], bool] = lambda x: True
    """Whether it would compute the same for this x as the several layers."""


class QuickLinear(nn.Linear):
    """The fast `nn.Linear`."""

    packed: Packed | None = None
    joined: Joined | None = None
    """The joined layer of this layer and its siblings; the first of them holds it."""

    def forward(self, input: Tensor) -> Tensor:
        packed = self.packed  # another thread that generates may remove it meanwhile
        if packed is not None and packed.fits(input, self.weight):
            return torch.ops.mkldnn._linear_pointwise.default(input, packed.weight, self.bias, "none", [], "")
        if _blocks_are_faster(input, self.weight):
            return linear_in_blocks(input, self.weight, self.bias)
        return product(input, self.weight, self.bias)

    def __getstate__(self) -> dict[str, Any]:
        """Copy the layer with its weights, without the packed copies."""
        return {name: value for name, value in vars(self).items() if name not in ("packed", "joined")}


class QuickAttention(Attention):
    """The fast `Attention`: layers that read the same x may be one product."""

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = together(x, self.query, self.key, self.value)
        return self.query_norm(self.split(q)), self.key_norm(self.split(k)), self.split(v)


class QuickGatedMLP(GatedMLP):
    """The fast `GatedMLP`: layers that read the same x may be one product."""

    def project(self, x: Tensor) -> tuple[Tensor, Tensor]:
        gate, into = together(x, self.gate, self.into)
        return gate, into


def siblings(block: Block) -> list[tuple[nn.Module, ...]]:
    """Return the groups of layers that read the same x. In cross-attention, the query reads another x."""
    groups = []
    if isinstance(block.attention, QuickAttention):
        groups.append((block.attention.query, block.attention.key, block.attention.value))
    if isinstance(block.mlp, QuickGatedMLP):
        groups.append((block.mlp.gate, block.mlp.into))
    return groups


def together(x: Tensor, *layers: Any) -> Sequence[Tensor]:
    """Apply siblings to the x that all of them read: [layer(x) for layer in layers]."""
    joined = getattr(layers[0], "joined", None)  # the user may have put another kind of module there
    if isinstance(joined, Joined) and joined.fits(x):
        return joined.layer(x).split(joined.widths, dim=-1)
    return [layer(x) for layer in layers]


def side_by_side(layers: Sequence[Any]) -> QuickLinear:
    """Return a layer with copies of all their weights; its outputs are theirs, one after the other."""
    weight = torch.cat([layer.weight.detach() for layer in layers])
    one = QuickLinear(1, 1, bias=False)
    one.weight = nn.Parameter(weight, requires_grad=False)
    if layers[0].bias is not None:
        one.bias = nn.Parameter(torch.cat([layer.bias.detach() for layer in layers]), requires_grad=False)
    return one


@contextmanager
def packed(model: object, *, rows: int) -> Iterator[None]:
    """Inside the `with`, linear layers with at most `rows` rows use packed copies of their weights, if that is faster.

    Siblings are joined (`siblings`) unless one of them has hooks. The memory for weights is two or three times as large
    meanwhile, and packing takes the time of about ten steps. With ten million weights on one core, a step takes
    5.8 instead of 8.0 ms in bfloat16 (one row), 29 instead of 36 ms in float32 (32 rows).
    """
    modules: list[nn.Module] = list(getattr(model, "modules", tuple)())
    layers = [layer for layer in modules if type(layer) is QuickLinear]
    apart = set(layers)
    for group in (group for module in modules if isinstance(module, Block) for group in siblings(module)):
        if apart.issuperset(group) and not any(map(_heard, group)) and (joined := _join(group, rows)) is not None:
            vars(group[0])["joined"] = joined
            apart -= set(group)
    for layer in apart:
        layer.packed = _pack(layer, rows)
    try:
        yield
    finally:
        for layer in layers:
            layer.packed = layer.joined = None


def linear_in_blocks(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x (..., K), weight (N, K) with N a multiple of BLOCK, bias (N,) -> (..., N), as `F.linear`."""
    N, K = weight.shape
    R = x.numel() // K
    blocks = weight.view(-1, BLOCK, K)  # (N / BLOCK, BLOCK, K)
    columns = x.contiguous().as_strided((N // BLOCK, K, R), (0, 1, K))  # the columns of x^T, the same for every block
    if bias is None:
        products = torch.bmm(blocks, columns)  # (N / BLOCK, BLOCK, R)
    else:
        products = torch.baddbmm(bias.view(-1, BLOCK, 1), blocks, columns)
    if R == 1:
        return products.view(*x.shape[:-1], N)
    return products.view(N, R).t().reshape(*x.shape[:-1], N)


def _heard(layer: nn.Module) -> bool:
    """Whether the layer's own call is needed, because it has hooks or another `forward`."""
    return bool(layer._forward_hooks or layer._forward_pre_hooks or "forward" in vars(layer))


def _join(layers: Sequence[Any], rows: int) -> Joined | None:
    """Join siblings to one layer for `rows` rows, valid until their weights change; None if that is slower."""
    if rows > MANY or layers[0].weight.device.type != "cpu":
        return None
    one = side_by_side(layers)
    one.packed = _pack(one, rows)
    x = one.weight.new_empty(rows, one.weight.shape[1])
    made_of = [(layer.weight, _version(layer.weight)) for layer in layers]

    def quick(x: Tensor) -> bool:
        packed = one.packed is not None and one.packed.fits(x, one.weight)
        return packed or _blocks_are_faster(x, one.weight)

    with torch.no_grad():
        if not quick(x):
            return None
    widths = [layer.weight.shape[0] for layer in layers]
    return Joined(one, widths, lambda x: quick(x) and all(_version(weight) == then for weight, then in made_of))


def _pack(layer: nn.Linear, rows: int) -> Packed | None:
    weight = layer.weight.detach()
    if not _packing_pays(weight, rows):
        return None
    copy = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
    least = 2 if weight.dtype == torch.float32 else 1  # blocks are faster for one row in float32
    return Packed(copy, range(least, rows + 1), weight.dtype, _version(layer.weight))


def _version(weight: Tensor) -> int | None:
    """Return how often a tensor was changed; None for one made in inference mode, where changes are not counted."""
    return None if weight.is_inference() else weight._version


def _packing_pays(weight: Tensor, rows: int) -> bool:
    """Whether to pack: on a CPU whose oneDNN supports this dtype. One row in float32 uses blocks instead."""
    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available() or not 1 <= rows <= MANY:
        return False
    if weight.dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return weight.dtype == torch.float32 and rows > 1


def _blocks_are_faster(x: Tensor, weight: Tensor) -> bool:
    """Whether to use blocks: for decoding in float32 on a CPU. In bfloat16 the usual product is faster."""
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
