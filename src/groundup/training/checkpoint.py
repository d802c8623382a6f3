"""Checkpoints that are either complete or absent: one folder for each step.

A checkpoint is written under a temporary name, hashed, synced to disk, and then renamed.

    checkpoints/step-00000500/model.safetensors  optimizer.safetensors  state.json  MANIFEST.json
                              unaveraged.safetensors, if model.safetensors is a running mean of the weights
    checkpoints/latest, checkpoints/best         "step-00000500 <SHA-256 of its MANIFEST.json>"

Every byte is verified before it is used (`manifest`). The previous checkpoint is the current one until `latest` names
the new one (`places`). No file is a pickle.
"""

import json
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from groundup.files import sync
from groundup.records import read_json
from groundup.training.manifest import seal, verify
from groundup.training.places import (
    ASIDE,
    Pointer,
    find,
    names_as_best,
    newest_whole,
    prune,
    put,
    resume_command,
    saved_steps,
    settle,
    step_name,
)
from groundup.training.tensors import flatten_optimizer, read_tensors, restore_optimizer

__all__ = ["Checkpoint", "load_checkpoint", "read_checkpoint", "save_checkpoint", "saved_steps"]

MODEL, OPTIMIZER, STATE = "model.safetensors", "optimizer.safetensors", "state.json"
UNAVERAGED = "unaveraged.safetensors"
REST = "optimizer.json"
"""A folder with this file holds slices written by several ranks; `sharded` reads them."""
REQUIRED = {MODEL, STATE}


class InSlices(ValueError):
    """The checkpoint is undamaged, but it is in slices, which only `sharded` can read."""


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint: pass `model` to `load_model_tensors` and `optimizer` to `load_optimizer`."""

    step: int
    model: dict[str, Tensor]
    optimizer: dict[str, Any] | None
    state: dict[str, Any]
    unaveraged: dict[str, Tensor] | None = None
    """The weights to resume from, if `model` is their running mean."""


def save_checkpoint(
    folder: str | Path,
    step: int,
    *,
    model: dict[str, Tensor],
    optimizer: dict[str, Any] | None,
    state: dict[str, Any],
    unaveraged: dict[str, Tensor] | None = None,
    best: bool = False,
    keep: int = 2,
) -> Path:
    """Write folder/step-N, point `latest` (and `best`) to it, and remove all but the `keep` latest and the best.

    `model` and `unaveraged` come from `model_tensors`, `optimizer` is a state_dict, `state` is any JSON object.
    Raises OSError if the disk cannot be written and FloatingPointError if a number is not finite. Earlier checkpoints
    are then unchanged.
    """
    folder = Path(folder)
    files, rest = {MODEL: model}, ""
    if optimizer is not None:
        files[OPTIMIZER], rest = flatten_optimizer(optimizer)
    if unaveraged is not None:
        files[UNAVERAGED] = unaveraged
    _refuse_what_is_not_finite(step, files)
    with all_or_nothing(folder, step, sum(tensor.nbytes for some in files.values() for tensor in some.values())):
        if not folder.is_dir():
            folder.mkdir(parents=True)
            sync(folder.parent)
        settle(folder)
        best = best or names_as_best(folder, step)
        aside = folder / f"{ASIDE}{step_name(step)}"
        _write(aside, files, rest, state)
        seal(aside, step, best=best)
        put(folder, step, aside, ("latest", "best") if best else ("latest",))
        prune(folder, step, keep)
    return folder / step_name(step)


@contextmanager
def all_or_nothing(folder: Path, step: int, size: int) -> Iterator[None]:
    """Clean up if a save of `size` bytes fails, and raise an OSError that says which checkpoint it was."""
    try:
        yield
    except BaseException as error:
        with suppress(OSError):
            settle(folder)
        if isinstance(error, OSError | SafetensorError):
            why = (isinstance(error, OSError) and error.strerror) or error
            raise OSError(
                f"{folder}: the checkpoint of step {step} ({size / 1e6:,.1f} MB) could not be written: {why}; "
                "what was saved before still stands"
            ) from error
        raise


def load_checkpoint(folder: str | Path, which: Pointer | int = "latest", *, optimizer: bool = True) -> Checkpoint:
    """Verify every byte of the latest, the best or a given step, then read it. `optimizer=False` skips the optimizer.

    Raises FileNotFoundError if there is none. Raises ValueError with the damaged file, the difference, and a step
    that is undamaged.
    """
    folder = Path(folder)
    try:
        return read_checkpoint(*find(folder, which), optimizer=optimizer)
    except InSlices:
        raise
    except ValueError as error:
        whole = newest_whole(folder, REQUIRED)
        cure = "no checkpoint here is whole" if whole is None else f"use a whole one: --checkpoint {whole[0]}"
        raise ValueError(f"{error}; {cure}") from None


def read_checkpoint(step: int, path: Path, *, optimizer: bool = True) -> Checkpoint:
    """Verify and read the checkpoint in this folder. Raises ValueError if it is damaged, InSlices if in slices."""
    in_slices = is_sharded(path)
    files = verify(path, step, {STATE} if in_slices else REQUIRED)
    if in_slices:
        again = resume_command(path.resolve().parents[1])
        raise InSlices(f"{path}: in slices, as fsdp saves them; try: {again} --convert")
    moments = None
    if optimizer and OPTIMIZER in files:
        tensors, metadata = read_tensors(path / OPTIMIZER)
        moments = restore_optimizer(tensors, metadata.get("rest", ""), file=path / OPTIMIZER)
    unaveraged = read_tensors(path / UNAVERAGED)[0] if UNAVERAGED in files else None
    return Checkpoint(step, read_tensors(path / MODEL)[0], moments, read_json(path / STATE), unaveraged)


def _refuse_what_is_not_finite(step: int, files: dict[str, dict[str, Tensor]]) -> None:
    for file, tensors in files.items():
        for name, tensor in tensors.items():
            extremes = tensor.aminmax() if tensor.is_floating_point() and tensor.numel() else ()
            if not all(math.isfinite(extreme) for extreme in extremes):
                raise FloatingPointError(
                    f"step {step}: {name!r} of {file} is not finite, so no checkpoint is made of it; what was saved "
                    "before still stands, resume from there with a lower learning rate"
                )


def _write(aside: Path, files: dict[str, dict[str, Tensor]], rest: str, state: dict[str, Any]) -> None:
    aside.mkdir()
    (aside / STATE).write_text(json.dumps(state, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    for name, tensors in files.items():
        save_file(tensors, aside / name, metadata={"rest": rest} if name == OPTIMIZER else None)
        shutil.copymode(aside / STATE, aside / name)  # safetensors gives its files permissions for the owner only


def is_sharded(path: Path) -> bool:
    """Whether the checkpoint in this folder is in slices. Works for damaged ones too."""
    return (path / REST).is_file() or any(path.glob("shard-*.safetensors"))
