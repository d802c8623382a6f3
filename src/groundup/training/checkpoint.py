"""Checkpoints that are whole or not there: a folder a step, written aside, hashed, synced, and only then renamed.

    checkpoints/step-00000500/model.safetensors  optimizer.safetensors  state.json  MANIFEST.json
                              unaveraged.safetensors, where model.safetensors is a running mean of the weights
    checkpoints/latest, checkpoints/best         "step-00000500 <SHA-256 of its MANIFEST.json>"

Every byte is verified before anything is used (`manifest`). Nothing here is a pickle.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from groundup.training.manifest import MANIFEST, digest, seal, sync, verify
from groundup.training.tensors import flatten_optimizer, restore_optimizer

MODEL, OPTIMIZER, STATE = "model.safetensors", "optimizer.safetensors", "state.json"
UNAVERAGED = "unaveraged.safetensors"
ASIDE = ".unfinished-"


@dataclass(frozen=True)
class Checkpoint:
    """What was read, verified: `model` for `load_model_tensors`, `optimizer` for `optimizer.load_state_dict`."""

    step: int
    model: dict[str, Tensor]
    optimizer: dict[str, Any] | None
    state: dict[str, Any]
    unaveraged: dict[str, Tensor] | None = None
    """The weights to train on from, where `model` is their running mean."""


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
    """Write folder/step-N, point `latest` (and `best`) to it, remove all but the `keep` latest and the best.

    `model` and `unaveraged` as `model_tensors` gives them, `optimizer` is its state_dict, `state` anything JSON.
    OSError where the disk refuses: then the earlier checkpoints stand as before.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(f"{ASIDE}*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    final, aside, replaced = folder / _name(step), folder / f"{ASIDE}{_name(step)}", folder / f"{ASIDE}replaced"
    try:
        _write(aside, model, optimizer, state)
        if unaveraged is not None:
            save_file(unaveraged, aside / UNAVERAGED)
        seal(aside, step)
        if final.exists():
            final.rename(replaced)
        aside.rename(final)
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        if replaced.exists():
            replaced.rename(final)
        if isinstance(error, SafetensorError):
            raise OSError(f"{final}: could not be written ({error}); earlier checkpoints are untouched") from None
        raise
    sync(folder)
    for pointer in ("latest", "best") if best else ("latest",):
        _point(folder, pointer, step)
    _prune(folder, step, keep)
    return final


def load_checkpoint(folder: str | Path, which: Literal["latest", "best"] | int = "latest") -> Checkpoint:
    """Read the latest, the best or a given step after verifying every byte of it.

    FileNotFoundError where there is none; ValueError naming the damaged file, what differs, and a step that is whole.
    """
    folder = Path(folder)
    try:
        return _read(folder, which if isinstance(which, int) else _follow(folder, which))
    except ValueError as error:
        whole = _newest_whole(folder)
        cure = "no checkpoint here is whole" if whole is None else f"use a whole one: --checkpoint {whole}"
        raise ValueError(f"{error}; {cure}") from None


def load_for_resume(folder: str | Path) -> tuple[Checkpoint, str | None]:
    """The latest checkpoint, or if it is damaged the newest whole one, with a sentence that says so."""
    folder = Path(folder)
    try:
        return _read(folder, _follow(folder, "latest")), None
    except (ValueError, FileNotFoundError) as error:
        whole = _newest_whole(folder)
        if whole is None:
            raise
        return _read(folder, whole), f"{error}; going on from step {whole}"


def saved_steps(folder: str | Path) -> list[int]:
    """The steps that have a checkpoint, in order, whole or not."""
    return sorted(int(path.name[5:]) for path in Path(folder).glob("step-*") if path.name[5:].isdecimal())


def _name(step: int) -> str:
    return f"step-{step:08d}"


def _write(aside: Path, model: dict[str, Tensor], optimizer: dict[str, Any] | None, state: dict[str, Any]) -> None:
    aside.mkdir()
    save_file(model, aside / MODEL)
    if optimizer is not None:
        tensors, rest = flatten_optimizer(optimizer)
        save_file(tensors, aside / OPTIMIZER, metadata={"rest": rest})
    (aside / STATE).write_text(json.dumps(state, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _read(folder: Path, step: int) -> Checkpoint:
    path = folder / _name(step)
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: there is no such checkpoint; the steps saved are {saved_steps(folder)}")
    verify(path, step, {MODEL, STATE})
    optimizer = None
    if (path / OPTIMIZER).is_file():
        with safe_open(path / OPTIMIZER, framework="pt") as file:
            rest = file.metadata()["rest"]
        optimizer = restore_optimizer(load_file(path / OPTIMIZER), rest)
    state = json.loads((path / STATE).read_text(encoding="utf-8"))
    unaveraged = load_file(path / UNAVERAGED) if (path / UNAVERAGED).is_file() else None
    return Checkpoint(step, load_file(path / MODEL), optimizer, state, unaveraged)


def _newest_whole(folder: Path) -> int | None:
    for step in reversed(saved_steps(folder)):
        try:
            verify(folder / _name(step), step, {MODEL, STATE})
        except (ValueError, OSError):
            continue
        return step
    return None


def _point(folder: Path, pointer: str, step: int) -> None:
    aside = folder / f"{ASIDE}{pointer}"
    aside.write_text(f"{_name(step)} {digest(folder / _name(step) / MANIFEST)}\n", encoding="utf-8")
    sync(aside)
    aside.replace(folder / pointer)
    sync(folder)


def _follow(folder: Path, pointer: str) -> int:
    """The step a pointer names, provided that its manifest is the one the pointer was made for."""
    path = folder / pointer
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such checkpoint; the steps saved are {saved_steps(folder)}")
    text = path.read_bytes().decode("utf-8", "replace")
    for step in saved_steps(folder):
        manifest = folder / _name(step) / MANIFEST
        if text.startswith(f"{_name(step)} ") and manifest.is_file():
            if text != f"{_name(step)} {digest(manifest)}\n":
                raise ValueError(f"{path}: its SHA-256 differs from that of {manifest}, so one of the two is damaged")
            return step
    raise ValueError(f"{path}: damaged, it names no checkpoint that is here")


def _prune(folder: Path, step: int, keep: int) -> None:
    """Steps beyond `step` belong to a future that a resumed run has left; of the others the latest `keep` stay."""
    best = (folder / "best").read_bytes() if (folder / "best").is_file() else b""
    kept = [s for s in saved_steps(folder) if s <= step][-keep:]
    for old in saved_steps(folder):
        if old not in kept and not best.startswith(_name(old).encode()):
            shutil.rmtree(folder / _name(old))
    shutil.rmtree(folder / f"{ASIDE}replaced", ignore_errors=True)
