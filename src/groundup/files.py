"""Files written whole or not at all, and their SHA-256."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, text: str, *, durable: bool = False) -> None:
    """Replace the file by the text in one move: a reader, or a crash, sees the old file or the new one.

    durable: wait until the text is on the disk, so that a power cut cannot leave an empty file. An OSError names the
    file, which a full disk alone would not.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):  # on a disk that is read-only there is none
            unfinished.unlink(missing_ok=True)
    if durable:
        sync(path.parent)


@contextmanager
def writing_to(place: Path) -> Iterator[None]:
    """Within it an OSError that names no file names the place: a full disk does not say which it is."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.strerror is None or "temporary" in error.strerror:
            raise
        raise OSError(error.errno, error.strerror, str(place)) from error


def sync(path: Path) -> None:
    """Ask the operating system to put the file or folder on the disk now."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
