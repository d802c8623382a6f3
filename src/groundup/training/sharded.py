"""Checkpoints in slices: each rank writes its own, for models that are too large for one rank.

    checkpoints/step-00000500/shard-00001-....safetensors  optimizer.json  state.json  MANIFEST.json

Each slice stores its position in the whole tensor (PyTorch's distributed checkpoint, as safetensors), so any number of
ranks can read them. The rest is as in `checkpoint`: written under a temporary name, hashed, synced, renamed, and every
byte verified before use. `make_whole` turns them into ordinary checkpoints, which all other parts of the package read.
"""

import json
from collections.abc import Set
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groundup.files import sync
from groundup.records import read_json
from groundup.training.checkpoint import MODEL, REST, STATE, Checkpoint, all_or_nothing, is_sharded, save_checkpoint
from groundup.training.manifest import measure, seal, verify
from groundup.training.places import (
    ASIDE,
    REPLACED,
    Pointer,
    discard,
    find,
    names_as_best,
    newest_whole,
    places,
    prune,
    put,
    saved_steps,
    settle,
    step_name,
)
from groundup.training.slices import found_shards, read_shards, write_shards
from groundup.training.team import Solo
from groundup.training.tensors import flatten_optimizer, restore_optimizer

POINTERS: tuple[Pointer, ...] = ("latest", "best")


def save_sharded(
    folder: Path,
    step: int,
    team: Solo,
    *,
    model: dict[str, Tensor],
    optimizer: dict[str, Any],
    state: dict[str, Any],
    unaveraged: dict[str, Tensor] | None = None,
    best: bool = False,
    keep: int = 2,
) -> None:
    """`save_checkpoint` for tensors in slices. Every rank calls it, and rank 0 moves the folder into place.

    Raises OSError on all ranks if one of them cannot write, FloatingPointError if a number is not finite.
    """
    moments, rest = flatten_optimizer(optimizer)
    parts = {"model": model, "optimizer": moments, "unaveraged": unaveraged or {}}
    tensors = {f"{part}.{name}": tensor for part, some in parts.items() for name, tensor in some.items()}
    _refuse_what_is_not_finite(step, tensors, team)
    aside = folder / f"{ASIDE}{step_name(step)}"

    size = sum(tensor.nbytes for tensor in tensors.values())

    def begin() -> bool:
        with all_or_nothing(folder, step, size):
            folder.mkdir(parents=True, exist_ok=True)
            settle(folder)
            aside.mkdir()
            (aside / REST).write_text(rest + "\n", encoding="utf-8")
            (aside / STATE).write_text(json.dumps(state, indent=1, allow_nan=False) + "\n", encoding="utf-8")
            return best or names_as_best(folder, step)

    def end() -> None:
        with all_or_nothing(folder, step, size):
            _refuse_what_did_not_arrive(aside, tensors)
            seal(aside, step, best=is_best, known={name: found for some in written for name, found in some.items()})
            put(folder, step, aside, ("latest", "best") if is_best else ("latest",))
            prune(folder, step, keep)

    is_best = team.from_main(begin)
    try:
        write_shards(tensors, aside)
        written = team.on_all(lambda: _written(aside, team.rank))
    except OSError:
        if team.main:
            discard(aside)  # free the space on a full disk
        raise
    team.from_main(end)


def load_sharded(path: Path, step: int, *, like: dict[str, Tensor], parameters: list[Tensor]) -> Checkpoint:
    """Read a checkpoint in slices, sliced as `like` (the model's tensors) and `parameters` (the optimizer's) are.

    Raises ValueError if it is from another model. Every rank calls it, after one rank has verified the files.
    """
    found, into = found_shards(path), {}
    for name, tensor in found.items():
        part, _, rest = name.partition(".")
        mine = _parameter(parameters, rest) if part == "optimizer" else like.get(rest)
        another = part != "optimizer" and mine is not None and (mine.shape, mine.dtype) != (tensor.shape, tensor.dtype)
        if mine is None or another:
            raise ValueError(f"{path}: holds {rest!r} otherwise than this model; use the recipe it was made with")
        sliced = mine.shape == tensor.shape
        into[name] = torch.empty_like(mine) if sliced else torch.empty_like(tensor, device="cpu")
    for name in like:
        if f"model.{name}" not in found:
            raise ValueError(f"{path}: {name!r} is missing; use the recipe it was made with")
    return _filled(path, step, {name: tensor.detach() for name, tensor in into.items()})


def _parameter(parameters: list[Tensor], name: str) -> Tensor | None:
    """Return the parameter that a name such as "3.exp_avg" refers to (number 3, from 0), or None."""
    index = name.split(".")[0]
    return parameters[int(index)] if index.isdecimal() and int(index) < len(parameters) else None


def find_whole(folder: Path) -> tuple[int, Path, str | None]:
    """Return the latest checkpoint, in slices or not. If it is damaged, the newest undamaged one and a warning."""
    try:
        step, path = find(folder, "latest")
        check(path, step)
    except (ValueError, OSError) as error:
        whole = newest_whole(folder, {STATE}, check)
        if whole is None:
            raise
        return *whole, f"{error}; going on from step {whole[0]}"
    return step, path, None


def check(path: Path, step: int, required: Set[str] = frozenset({STATE})) -> None:
    """Raise ValueError unless every byte is what was written and the manifest lists every slice."""
    files = verify(path, step, {*required} if is_sharded(path) else {*required, MODEL})
    for slices in path.glob("*.safetensors"):
        if slices.name not in files:
            raise ValueError(f"{slices}: no part of this checkpoint; remove it")


def make_whole(folder: Path) -> tuple[list[int], list[str]]:
    """Turn every checkpoint in slices into an ordinary one, in one process, the best one first.

    Returns the converted steps, and an error text for each damaged one, which is left unchanged. Raises OSError if the
    disk cannot be written; the slices are then unchanged.
    """
    if not any(is_sharded(path) for _, path in places(folder)):
        return [], []
    settle(folder)  # a crash during a save may have left the step's folder under the name of a replaced one
    turned, damaged = [], []
    for step in sorted(saved_steps(folder), key=lambda step: not _names(folder, "best", step)):
        path = folder / step_name(step)
        if not is_sharded(path):
            continue
        try:
            check(path, step)
            whole = {name: torch.empty_like(t, device="cpu") for name, t in found_shards(path).items()}
        except (ValueError, OSError) as error:
            damaged.append(str(error))
            continue
        try:
            _turn(folder, step, _filled(path, step, whole))
        finally:
            discard(folder / f"{ASIDE}whole")
        turned.append(step)
    return sorted(turned), damaged


def _turn(folder: Path, step: int, read: Checkpoint) -> None:
    """Replace the slices by the checkpoint that was read, and make the same pointers name it."""
    pointers: list[Pointer] = [pointer for pointer in POINTERS if _names(folder, pointer, step)]
    whole = save_checkpoint(
        folder / f"{ASIDE}whole",
        step,
        model=read.model,
        optimizer=read.optimizer,
        state=read.state,
        unaveraged=read.unaveraged,
        best="best" in pointers,
    )
    put(folder, step, whole, pointers)
    discard(folder / f"{REPLACED}{step_name(step)}")


def _filled(path: Path, step: int, into: dict[str, Tensor]) -> Checkpoint:
    read_shards(path, into)
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}, "unaveraged": {}}
    for name, tensor in into.items():
        part, _, rest = name.partition(".")
        if part not in parts:
            raise ValueError(f"{path}: holds {name!r}, which is no part of a checkpoint")
        parts[part][rest] = tensor
    optimizer = restore_optimizer(parts["optimizer"], (path / REST).read_text(encoding="utf-8"), file=path / REST)
    return Checkpoint(step, parts["model"], optimizer, read_json(path / STATE), parts["unaveraged"] or None)


def _names(folder: Path, pointer: Pointer, step: int) -> bool:
    try:
        return find(folder, pointer)[0] == step
    except (ValueError, OSError):
        return False


def _written(aside: Path, rank: int) -> dict[str, dict[str, Any]]:
    """Sync and measure the file that this rank wrote. All ranks do this in parallel, because reading takes long."""
    try:
        mine = list(aside.glob(f"shard-{rank + 1:05d}-*"))
        for path in mine:
            sync(path)
        return {path.name: measure(path) for path in mine}
    except OSError as error:
        why = error.strerror or error
        raise OSError(f"{aside}: rank {rank} cannot read what it wrote ({why}); earlier checkpoints stand") from None


def _refuse_what_did_not_arrive(aside: Path, tensors: dict[str, Tensor]) -> None:
    """Raise OSError unless rank 0 sees the slices of all tensors: another machine may have written to another disk."""
    try:
        found = found_shards(aside)
    except ValueError as error:
        raise OSError(str(error)) from None
    for name, tensor in tensors.items():
        if name not in found or found[name].shape != tensor.shape:
            raise OSError(f"slices of {name!r} did not arrive; all ranks need one folder that they share")


def _refuse_what_is_not_finite(step: int, tensors: dict[str, Tensor], team: Solo) -> None:
    bad = [name for name, tensor in tensors.items() if not team.piece(tensor).isfinite().all()]
    for rank, names in enumerate(team.gather(bad)):
        if names:
            raise FloatingPointError(
                f"step {step}: {names[0]!r} of rank {rank} is not finite, so no checkpoint is made of it; what was "
                "saved before still stands, resume from there with a lower learning rate"
            )
