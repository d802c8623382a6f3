"""Check every tensor of a file against the tensors that we would write for the same config."""

import re
from collections.abc import Mapping
from functools import reduce
from pathlib import Path

import torch
from torch import Tensor

from groundup.build import on_meta
from groundup.config import ModelConfig
from groundup.hub.family import Family
from groundup.hub.files import CONFIG
from groundup.hub.names import Tensors, to_theirs

REAL = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


def all_tensors(family: Family, config: ModelConfig, ours: Tensors) -> dict[str, Tensor]:
    """Return the tensors of the family's file, by their names in the file."""
    theirs = to_theirs(family.rewrite(config, ours), family.names(config))
    example = next(iter(theirs.values()))
    theirs |= {name: example.new_zeros(shape) for name, shape in family.zeros(config).items()}
    widest = reduce(torch.promote_types, (tensor.dtype for tensor in theirs.values()))
    return {name: tensor.to(widest) for name, tensor in theirs.items()}  # see `names`: some may be float32 now


def account_for(
    found: Mapping[str, tuple[Path, Tensor]], family: Family, config: ModelConfig, folder: Path, absent: str | None
) -> dict[str, Tensor]:
    """Return the found tensors under the names of the family's table.

    absent: a regular expression for tensors that the file does not have; they are zero.
    Raises ValueError for an unknown or missing tensor, one with another shape or number format, tied tensors that
    differ, and one that must be zero and is not.
    """
    check_layers(len(found), config, folder)
    expected = to_theirs(on_meta(config).state_dict(), family.names(config))
    empty = {name: zeros for name, zeros in expected.items() if absent and re.search(absent, name)}
    expected = {name: tensor for name, tensor in expected.items() if name not in empty}
    aliases, zeros = family.aliases(config), family.zeros(config)
    kept: dict[str, Tensor] = {}
    origin: dict[str, str] = {}
    for stored, (file, tensor) in found.items():
        where = f"{file}: {stored!r}"
        full = stored if stored in {**expected, **aliases, **zeros} else f"{family.prefix}.{stored}"
        name = aliases.get(full, full)
        if name in zeros:
            check_zero(where, tensor)
        elif name in expected:
            check_fit(where, tensor, expected[name])
            if name in kept:
                check_tied(f"{where} and {origin[name]!r}", tensor, kept[name])
            kept[name], origin[name] = tensor, stored
        elif not family.is_table(stored):
            raise ValueError(f"{where} is not a tensor of the {family.model_type} in {folder / CONFIG}")
        elif wrong := family.check_table(config, tensor):
            raise ValueError(f"{where} {wrong}")
    if missing := [name for name in expected if name not in kept]:
        shape = tuple(expected[missing[0]].shape)
        raise ValueError(
            f"{folder}: {missing[0]!r} of shape {shape} is missing ({len(missing)} of {len(expected)} tensors are)"
        )
    return kept | {name: torch.zeros(tensor.shape) for name, tensor in empty.items()}


def check_layers(tensors: int, config: ModelConfig, folder: Path) -> None:
    """Raise ValueError if there are more layers than tensors, before such a model is built, even without storage."""
    layers = config.layers + (config.encoder_layers or 0)
    if layers > tensors:
        raise ValueError(f"{folder / CONFIG}: it says {layers:,} layers, but there are {tensors:,} tensors beside it")


def check_fit(where: str, tensor: Tensor, expected: Tensor) -> None:
    if tensor.shape != expected.shape:
        raise ValueError(f"{where} is {tuple(tensor.shape)}, {CONFIG} says {tuple(expected.shape)}")
    if tensor.dtype not in REAL:
        raise ValueError(
            f"{where} holds {tensor.dtype}, not real numbers; quantised weights are not read, "
            "get the model as float32, bfloat16 or float16"
        )


def check_tied(where: str, tensor: Tensor, other: Tensor) -> None:
    if not torch.equal(tensor, other):
        gap = (tensor.float() - other.float()).abs().max()
        raise ValueError(
            f"{where} differ by up to {gap:.3g}, but {CONFIG} ties them; "
            "if they are two, set tie_word_embeddings to false there"
        )


def check_zero(where: str, tensor: Tensor) -> None:
    if tensor.any():
        raise ValueError(f"{where} is not zero (up to {tensor.abs().max():.3g}), and our model has no such weight")
