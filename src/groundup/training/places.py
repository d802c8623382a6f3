"""The folders of a run's checkpoints: which steps exist, which ones `latest` and `best` name, and what to remove.

    step-00000500             a checkpoint; it is valid once `latest` names it
    .replaced-step-00000500   the checkpoint that was there before; kept until `latest` names the new one
    .unfinished-...           half written or half removed: never read, removed by the next save

Reading changes nothing on the disk, so any number of processes may read; only the process that saves calls `settle` and
`prune`.
"""

import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from groundup.files import digest, sync
from groundup.training.manifest import MANIFEST, says_best, verify

ASIDE, REPLACED = ".unfinished-", ".replaced-"
Pointer = Literal["latest", "best"]


def step_name(step: int) -> str:
    """Return the folder name of a step: step-00000500 for 500."""
    return f"step-{step:08d}"


def saved_steps(folder: str | Path) -> list[int]:
    """Return the steps that have a checkpoint, damaged or not, in order."""
    return sorted({step for step, _ in places(Path(folder))})


def unused(run: Path, *, resume: bool) -> Path:
    """Return the run's folder. Raises ValueError if it holds a training and `resume` is false."""
    if saved_steps(run / "checkpoints") and not resume:
        raise ValueError(f"{run}: already holds a training; try: {resume_command(run)}, or another --name")
    return run.absolute()


def resume_command(run: Path) -> str:
    """Return the command that resumes a run."""
    return f"groundup resume {shlex.quote(run.name)}"


def find(folder: Path, which: Pointer | int) -> tuple[int, Path]:
    """Return the step and folder that a pointer or a number names. Raises ValueError or FileNotFoundError if none."""
    if not isinstance(which, int):
        return _best(folder) if which == "best" else _follow(folder, which)
    for step, path in reversed(places(folder)):
        if step == which:
            return step, path
    raise FileNotFoundError(f"{folder / step_name(which)}: {_nothing(folder)}")


def newest_whole(
    folder: Path, required: set[str], check: Callable[[Path, int, set[str]], object] = verify
) -> tuple[int, Path] | None:
    """Return the highest step that is undamaged, with its folder."""
    for step, path in reversed(places(folder)):
        with suppress(ValueError, OSError):
            check(path, step, required)
            return step, path
    return None


def put(folder: Path, step: int, aside: Path, pointers: Sequence[Pointer]) -> None:
    """Move a finished checkpoint into place. It is valid once `latest`, the first pointer, names it."""
    final = folder / step_name(step)
    if final.exists():
        final.rename(folder / f"{REPLACED}{final.name}")
    aside.rename(final)
    sync(folder)
    for pointer in pointers:
        point(folder, pointer, step)


def point(folder: Path, pointer: Pointer, step: int) -> None:
    """Make the pointer name the step's folder and the hash of its current manifest."""
    aside = folder / f"{ASIDE}{pointer}"
    aside.write_text(f"{step_name(step)} {digest(folder / step_name(step) / MANIFEST)}\n", encoding="utf-8")
    sync(aside)
    aside.replace(folder / pointer)
    sync(folder)


def names_as_best(folder: Path, step: int) -> bool:
    """Whether `best` names this step, damaged or not."""
    pointer = folder / "best"
    return pointer.is_file() and pointer.read_bytes().startswith(f"{step_name(step)} ".encode())


def settle(folder: Path) -> None:
    """Clean up after a crash: undo a save that `latest` did not name yet, and finish one that it did name."""
    for step, replaced in places(folder):
        if replaced.name.startswith(REPLACED):
            final, named = folder / step_name(step), _named(folder, "latest")
            if named != final and (named == replaced or not final.exists()):
                discard(final)
                replaced.rename(final)
            else:
                if _named(folder, "best") == replaced:
                    point(folder, "best", step)
                discard(replaced)
    with suppress(ValueError, OSError):
        if (best := _best(folder))[1] != _named(folder, "best"):
            point(folder, "best", best[0])
    for leftover in folder.glob(f"{ASIDE}*"):
        discard(leftover)


def discard(path: Path) -> None:
    """Rename a file or folder, then remove it, so that a half-removed one is never found. Ignore what stays."""
    with suppress(OSError):
        if not path.name.startswith(ASIDE):
            path = path.rename(path.with_name(f"{ASIDE}{path.name}"))
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def prune(folder: Path, step: int, keep: int) -> None:
    """Remove steps after `step` (the run was resumed before them), and all earlier ones but the latest `keep`."""
    kept = [s for s in saved_steps(folder) if s <= step][-keep:]
    for old, path in places(folder):
        if path.name.startswith(REPLACED) or (old not in kept and not names_as_best(folder, old)):
            discard(path)


def places(folder: Path) -> list[tuple[int, Path]]:
    """Return every step with its folder, in order; a replaced folder comes before the new one."""
    found = [(re.fullmatch(r"(?:\.replaced-)?step-(\d+)", path.name), path) for path in folder.glob("*step-*")]
    return sorted((int(match[1]), path) for match, path in found if match)


def _follow(folder: Path, pointer: Pointer) -> tuple[int, Path]:
    """Return the step that a pointer names. Raises ValueError if the manifest's hash is not the pointer's."""
    file = folder / pointer
    if not file.is_file():
        raise FileNotFoundError(f"{file}: {_nothing(folder)}")
    text, another = file.read_bytes().decode("utf-8", "replace"), None
    for step, path in places(folder):
        manifest = path / MANIFEST
        if text.startswith(f"{step_name(step)} ") and manifest.is_file():
            if text == f"{step_name(step)} {digest(manifest)}\n":
                return step, path
            another = manifest
    if another is not None:
        raise ValueError(f"{file}: its SHA-256 differs from that of {another}, so one of the two is damaged")
    raise ValueError(f"{file}: damaged, it names no checkpoint that is here")


def _named(folder: Path, pointer: Pointer) -> Path | None:
    with suppress(ValueError, OSError):
        return _follow(folder, pointer)[1]
    return None


def _best(folder: Path) -> tuple[int, Path]:
    """Return the newest checkpoint if it was saved as the best, else the one that `best` names.

    A crash may have happened before `best` could name the newest one.
    """
    try:
        newest = _follow(folder, "latest")
    except (ValueError, OSError):
        newest = newest_whole(folder, set())
    if newest is not None and says_best(newest[1]):
        return newest
    return _follow(folder, "best")


def _nothing(folder: Path) -> str:
    steps = saved_steps(folder)
    if not steps:
        return "there is no such checkpoint, nothing is saved yet"
    return f"there is no such checkpoint; saved are {', '.join(map(str, steps))}, try --checkpoint {steps[-1]}"
