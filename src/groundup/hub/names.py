"""A table of names: each module of theirs, and how it is made from ours. Rows are used in both directions.

    table = {"attn.c_attn": transposed("attention.query", "attention.key", "attention.value"), ...}

    to_theirs(ours, table)    our tensors by our names -> their tensors by their names
    to_ours(theirs, table)    and back

A module has a weight and a bias; a row with `weight_only` has no bias on their side.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Form:
    """A module of theirs: ours stacked along the outputs, times `scale`, and transposed if the row says so."""

    ours: tuple[str, ...]
    transposed: bool = False
    scale: float = 1.0
    parts: tuple[str, ...] = ("weight", "bias")

    def write(self, ours: list[Tensor]) -> Tensor:
        stacked = _times(torch.cat(ours), self.scale)
        return (stacked.t() if self.transposed else stacked).contiguous()

    def read(self, theirs: Tensor) -> tuple[Tensor, ...]:
        stacked = _times(theirs.t() if self.transposed else theirs, 1 / self.scale)
        return stacked.chunk(len(self.ours))


def _times(tensor: Tensor, scale: float) -> Tensor:
    """Multiply in float32 or better: half precision would round the product unless `scale` is a power of two."""
    if math.frexp(scale)[0] == 0.5:
        return tensor * scale if scale != 1 else tensor
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32)) * scale


Table = dict[str, Form]


def same(*ours: str) -> Form:
    """A module that is stored as ours: PyTorch's Linear has (outputs, inputs)."""
    return Form(ours)


def transposed(*ours: str) -> Form:
    """A module that is stored as (inputs, outputs); several of ours are side by side."""
    return Form(ours, transposed=True)


def weight_only(*ours: str, scale: float = 1.0) -> Form:
    """A module without a bias: embeddings, RMSNorm, and layers that have no bias in the format."""
    return Form(ours, scale=scale, parts=("weight",))


def inside(theirs: str, ours: str, table: Table) -> Table:
    """Return the rows of one layer with the full names of both sides."""
    return {
        f"{theirs}.{name}": replace(form, ours=tuple(f"{ours}.{module}" for module in form.ours))
        for name, form in table.items()
    }


def to_theirs(ours: Tensors, table: Table) -> dict[str, Tensor]:
    """Return their tensors. A bias that they have and we do not have is zero."""
    return {
        f"{name}.{part}": form.write([_part(ours, module, part) for module in form.ours])
        for name, form in table.items()
        for part in form.parts
    }


def to_ours(theirs: Tensors, table: Table) -> dict[str, Tensor]:
    """Return our tensors: the inverse of `to_theirs`."""
    return {
        f"{module}.{part}": tensor
        for name, form in table.items()
        for part in form.parts
        for module, tensor in zip(form.ours, form.read(theirs[f"{name}.{part}"]), strict=True)
    }


def _part(ours: Tensors, module: str, part: str) -> Tensor:
    weight = ours[f"{module}.weight"]
    if part == "bias" and f"{module}.bias" not in ours:
        return weight.new_zeros(weight.shape[0])
    return ours[f"{module}.{part}"]
