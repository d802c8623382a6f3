"""Checkpoints that each rank writes its slices of, for models that no one rank could hold.

    checkpoints/step-00000500/shard-00001-....safetensors  optimizer.json  state.json  MANIFEST.json

The slices carry their place in the whole (PyTorch's distributed checkpoint, as safetensors), so any number of ranks
reads them back. All else is as in `checkpoint`: written aside, hashed, synced, renamed, every byte verified before it
is used. `make_whole` turns them into ordinary checkpoints, as which every other part of the house reads them.
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
    """`save_checkpoint` for tensors in slices: every rank calls it, and rank 0 puts the whole in its place.

    OSError on all ranks where the disk refuses one of them, FloatingPointError for a number that is not finite.
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
            discard(aside)  # a full disk needs the room
        raise
    team.from_main(end)


def load_sharded(path: Path, step: int, *, like: dict[str, Tensor], parameters: list[Tensor]) -> Checkpoint:
    """The checkpoint in slices as those of `like`, the model's tensors, and of `parameters`, the optimizer's.

    ValueError where it is another model's. Every rank calls it, after one has verified the files.
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
    """The parameter that "3.exp_avg" is about, the third from 0; None where there is no such."""
    index = name.split(".")[0]
    return parameters[int(index)] if index.isdecimal() and int(index) < len(parameters) else None


def find_whole(folder: Path) -> tuple[int, Path, str | None]:
    """Of either kind the latest checkpoint, or if it is damaged the newest whole one, with a sentence that says so."""
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
    """ValueError unless every byte is what was written, and no slice is a stranger's."""
    files = verify(path, step, {*required} if is_sharded(path) else {*required, MODEL})
    for slices in path.glob("*.safetensors"):
        if slices.name not in files:
            raise ValueError(f"{slices}: no part of this checkpoint; remove it")


def make_whole(folder: Path) -> tuple[list[int], list[str]]:
    """Turn every checkpoint in slices into an ordinary one, on one process, the best one first.

    Returns the steps that were turned, and a sentence for each that is damaged, which stays as it is. OSError where
    the disk refuses; then the slices stand.
    """
    if not any(is_sharded(path) for _, path in places(folder)):
        return [], []
    settle(folder)  # a save may have been cut short while the step's folder had the name of one replaced
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
    """Put the checkpoint that was read into the place of its slices, and let the same pointers name it."""
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
    """The file that this rank has written, on the disk and measured; all ranks at once, for reading takes its time."""
    try:
        mine = list(aside.glob(f"shard-{rank + 1:05d}-*"))
        for path in mine:
            sync(path)
        return {path.name: measure(path) for path in mine}
    except OSError as error:
        why = error.strerror or error
        raise OSError(f"{aside}: rank {rank} cannot read what it wrote ({why}); earlier checkpoints stand") from None


def _refuse_what_did_not_arrive(aside: Path, tensors: dict[str, Tensor]) -> None:
    """OSError unless the slices here make up all tensors: those of another machine may not be in sight."""
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
