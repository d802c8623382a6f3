"""Who may train into a run's folder: one process at a time, and an earlier run stays until its successor can stand.

runs/demo              the run
runs/.demo.replaced    an earlier one of its name, until this one has a checkpoint
runs/.demo.lock        there, and held by the operating system, while somebody trains into it
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from groundup.run.folder import RunFolder
from groundup.training import launch


@contextmanager
def alone(folder: RunFolder) -> Iterator[None]:
    """Within it no other process trains into the folder; ValueError while another one does."""
    from filelock import FileLock, Timeout

    made = not folder.path.parent.exists()
    folder.path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_beside(folder, "lock"), timeout=0, is_singleton=True)  # may be nested
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"{folder.path}: another process is training into it; wait for it, or begin one with another --name"
        ) from None
    try:
        settle(folder)
        yield
    finally:
        if lock.lock_counter == 1:
            with suppress(OSError):  # who had it open already finds that it is no more; Windows removes it itself
                Path(lock.lock_file).unlink()
        lock.release()
        if made:
            with suppress(OSError):  # not empty
                folder.path.parent.rmdir()


def bring_back(folder: RunFolder) -> None:
    """Let a run that a training put aside, and did not live to replace, stand again."""
    if _aside(folder).exists():
        with alone(folder):
            pass


def make_way(folder: RunFolder, *, overwrite: bool) -> None:
    """Refuse to train into a folder that is there, unless it is a run that may be overwritten."""
    if not overwrite:
        raise ValueError(
            f"{folder.path} is already there; go on with it (groundup resume {folder.quoted}), replace it "
            "(--overwrite), or give the new one another name (--name)"
        )
    if not folder.recipe_file.is_file():
        raise ValueError(f"{folder.path} is not a run, so it is not overwritten; choose another --name")
    if launch.restarts():  # a restarted process could not tell the earlier run's checkpoints from those to go on from
        shutil.rmtree(folder.path)


def settle(folder: RunFolder) -> None:
    """Let a run that was put aside go if its successor has a checkpoint, and else come back."""
    aside = _aside(folder)
    if not aside.exists():
        return
    if (folder.checkpoints / "latest").is_file():
        shutil.rmtree(aside, ignore_errors=True)
        return
    shutil.rmtree(folder.path, ignore_errors=True)
    aside.rename(folder.path)


@contextmanager
def in_place_of(folder: RunFolder) -> Iterator[RunFolder]:
    """A new run in the folder, an earlier one aside meanwhile; if it ends without a checkpoint, nothing of it stays."""
    if folder.path.exists():
        folder.path.rename(_aside(folder))
    try:
        yield folder
    finally:
        if not (folder.checkpoints / "latest").is_file():
            shutil.rmtree(folder.path, ignore_errors=True)
        settle(folder)


@contextmanager
def elsewhere(folder: RunFolder) -> Iterator[RunFolder]:
    """Where ranks that only compute put what rank 0 puts into the run: `fit` ends them before any of it matters."""
    with tempfile.TemporaryDirectory() as aside:
        yield RunFolder(Path(aside) / folder.name)


def _aside(folder: RunFolder) -> Path:
    return _beside(folder, "replaced")


def _beside(folder: RunFolder, suffix: str) -> Path:
    path = folder.path.absolute()  # "." has no name
    return path.with_name(f".{path.name}.{suffix}")
