"""Lock a run's folder for one training at a time, and keep an earlier run until the new one can be used.

runs/demo              the run
runs/.demo.replaced    an earlier one of its name, until this one has a best checkpoint, which `translate` reads
runs/.demo.lock        there, and held by the operating system, while a process trains into it

If runs/demo is a link, all of this applies to the folder that it points to, and the hidden files are beside that one.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from groundup.run.folder import RunFolder
from groundup.training import launch

EARLIER = "a run that a later launch replaces"


@contextmanager
def alone(folder: RunFolder) -> Iterator[None]:
    """Inside the `with`, no other process trains into the folder. Raises ValueError if another one does."""
    from filelock import FileLock, Timeout

    made = not folder.real.parent.exists()
    folder.real.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.beside("lock"), timeout=0, is_singleton=True)  # may be nested
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
            settle(folder)
            with suppress(OSError):  # a process that had it open notices that it is gone; Windows removes it itself
                Path(lock.lock_file).unlink()
        lock.release()
        if made:
            with suppress(OSError):  # not empty
                folder.real.parent.rmdir()


def bring_back(folder: RunFolder) -> None:
    """Move a run back if a training moved it aside and ended before it could replace it."""
    if folder.replaced.exists():
        with alone(folder):
            pass


def check_replaceable(folder: RunFolder, *, overwrite: bool) -> None:
    """Raise ValueError if the folder exists, unless it is a run that may be overwritten."""
    if not overwrite:
        raise ValueError(
            f"{folder.path} is already there; go on with it (groundup resume {folder.quoted}), replace it "
            "(--overwrite), or give the new one another name (--name)"
        )
    if not folder.recipe_file.is_file():
        raise ValueError(f"{folder.path} is not a run, so it is not overwritten; choose another --name")
    if launch.restarts():  # otherwise a restarted process would continue from its checkpoints
        folder.launch_file.write_text(EARLIER, encoding="utf-8")


def settle(folder: RunFolder) -> None:
    """Remove a run that was moved aside if the new run has a best checkpoint; move it back if that has no checkpoint.

    Both stay if the new run can be resumed but not used yet.
    """
    if not folder.replaced.exists():
        return
    if (folder.checkpoints / "best").is_file():
        shutil.rmtree(folder.replaced, ignore_errors=True)
    elif not (folder.checkpoints / "latest").is_file():
        _remove(folder)
        if not folder.real.exists():
            folder.replaced.rename(folder.real)


@contextmanager
def in_place_of(folder: RunFolder) -> Iterator[RunFolder]:
    """Start a new run in the folder and move an earlier one aside. If it ends without a checkpoint, it is removed."""
    if folder.replaced.exists():  # of the two runs, only the one aside can be used
        _remove(folder)
    elif folder.path.exists():
        folder.real.rename(folder.replaced)
    if folder.path.is_symlink():
        folder.real.mkdir(parents=True, exist_ok=True)  # the target of a link must exist
    try:
        yield folder
    finally:
        if not (folder.checkpoints / "latest").is_file():
            _remove(folder)
        settle(folder)


@contextmanager
def scratch_folder(folder: RunFolder) -> Iterator[RunFolder]:
    """A temporary folder in which the other ranks write what rank 0 writes into the run. It is removed at the end."""
    with tempfile.TemporaryDirectory() as scratch:
        yield RunFolder(Path(scratch) / folder.name)


def _remove(folder: RunFolder) -> None:
    """Remove a run, or an empty folder. Files that others have put there meanwhile stay."""
    if folder.recipe_file.is_file() or folder.launch_file.is_file():
        shutil.rmtree(folder.real, ignore_errors=True)
    with suppress(OSError):
        folder.real.rmdir()
