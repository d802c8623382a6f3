"""Who may train into a run's folder: one process at a time, and an earlier run stays until the new one can be used.

runs/demo              the run
runs/.demo.replaced    an earlier one of its name, until this one has a best checkpoint, which `translate` reads
runs/.demo.lock        there, and held by the operating system, while a process trains into it

Where runs/demo is a link, all of this is about the folder that it leads to, and stands beside that.
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
    """Within it no other process trains into the folder; ValueError while another one does."""
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
            with suppress(OSError):  # who had it open already finds that it is no more; Windows removes it itself
                Path(lock.lock_file).unlink()
        lock.release()
        if made:
            with suppress(OSError):  # not empty
                folder.real.parent.rmdir()


def bring_back(folder: RunFolder) -> None:
    """Put a run back in its place if a training put it aside and ended before it could replace it."""
    if folder.replaced.exists():
        with alone(folder):
            pass


def check_replaceable(folder: RunFolder, *, overwrite: bool) -> None:
    """Refuse to train into a folder that is there, unless it is a run that may be overwritten."""
    if not overwrite:
        raise ValueError(
            f"{folder.path} is already there; go on with it (groundup resume {folder.quoted}), replace it "
            "(--overwrite), or give the new one another name (--name)"
        )
    if not folder.recipe_file.is_file():
        raise ValueError(f"{folder.path} is not a run, so it is not overwritten; choose another --name")
    if launch.restarts():  # or a restarted process would take its checkpoints for those to go on from
        folder.launch_file.write_text(EARLIER, encoding="utf-8")


def settle(folder: RunFolder) -> None:
    """Remove a run that was put aside if its successor has a best checkpoint; put it back if that has none at all.

    Both stay where the successor can be resumed and not yet used.
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
    """A new run in the folder, an earlier one aside meanwhile; if it ends without a checkpoint, nothing of it stays."""
    if folder.replaced.exists():  # of the two the one aside is the one that can be used
        _remove(folder)
    elif folder.path.exists():
        folder.real.rename(folder.replaced)
    if folder.path.is_symlink():
        folder.real.mkdir(parents=True, exist_ok=True)  # a link must lead somewhere
    try:
        yield folder
    finally:
        if not (folder.checkpoints / "latest").is_file():
            _remove(folder)
        settle(folder)


@contextmanager
def scratch_folder(folder: RunFolder) -> Iterator[RunFolder]:
    """A temporary folder for ranks that only compute: what rank 0 puts into the run they put there, and it goes."""
    with tempfile.TemporaryDirectory() as scratch:
        yield RunFolder(Path(scratch) / folder.name)


def _remove(folder: RunFolder) -> None:
    """Remove a run, or an empty folder; what somebody else has put there meanwhile stays."""
    if folder.recipe_file.is_file() or folder.launch_file.is_file():
        shutil.rmtree(folder.real, ignore_errors=True)
    with suppress(OSError):
        folder.real.rmdir()
