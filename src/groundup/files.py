"""Write files completely or not at all, and compute their SHA-256."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, text: str, *, durable: bool = False) -> None:
    """Replace the file by the text in one rename: a reader, or a crash, finds the old file or the new one.

    durable: wait until the text is on disk, so that a power cut cannot leave an empty file. An OSError names the file,
    which the error of a full disk does not.
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
        with suppress(OSError):  # a read-only disk does not have the file
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
    """Make the operating system write the file or folder to disk now."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
