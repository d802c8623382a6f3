"""Failures of the file system, one call at a time: every call that may change the disk is counted, and the k-th fails.

Counted are the calls that Python makes (open for writing, write, flush, mkdir, rename, replace, unlink, rmdir, fsync,
chmod) and, since safetensors writes without Python, its `save_file` as two: one that writes nothing, one that leaves
half a file behind.
"""

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError

from groundup.training import checkpoint as checkpoint_module

How = Literal["fails", "full", "crashes"]
CRASHED = 99
CALLS = ("mkdir", "rename", "replace", "unlink", "remove", "rmdir", "fsync", "chmod")


class Faults:
    """Patch this process, for ever, so that call number `at` (from 0) fails; a child's business.

    fails: that one call gives the error. full: that one and all that follow, removing apart. crashes: the process ends
    there, and nothing is cleaned up. `at` None only counts; `calls` are the names of those that came.
    """

    def __init__(self, *, at: int | None = None, how: How = "fails", error: int = errno.EIO) -> None:
        self.at, self.how, self.error = at, how, error
        self.calls: list[str] = []

    def install(self) -> None:
        for name in CALLS:
            setattr(os, name, self._before(name, getattr(os, name)))
        plain = io.open

        def counted_open(file: Any, mode: str = "r", *more: Any, **options: Any) -> Any:
            if isinstance(file, int) or not set(mode) & set("wax+"):
                return plain(file, mode, *more, **options)
            self.hit(f"open {Path(file).name}", file)
            opened = plain(file, mode, *more, **options)
            return _Counted(opened, self, str(file))

        io.open = counted_open  # what pathlib opens with
        whole = checkpoint_module.save_file

        def counted_save(tensors: Any, path: Path, metadata: Any = None) -> None:
            self.hit(f"save_file {path.name}", path, SafetensorError)
            whole(tensors, path, metadata=metadata)
            content = path.read_bytes()
            os.truncate(path, len(content) // 2)
            self.hit(f"half of save_file {path.name}", path, SafetensorError)
            _write(plain, path, content)

        checkpoint_module.save_file = counted_save

    def hit(self, name: str, path: Any = None, kind: Callable[[str], Exception] | None = None) -> None:
        """Count a call, and let it fail if it is its turn."""
        number = len(self.calls)
        self.calls.append(name)
        if self.at is None or number < self.at:
            return
        if self.how == "crashes":
            os._exit(CRASHED)
        removing = name.split()[0] in ("unlink", "remove", "rmdir")
        if number == self.at or (self.how == "full" and not removing):
            reason = os.strerror(self.error)
            raise kind(f"I/O error: {reason} (os error {self.error})") if kind else OSError(self.error, reason, path)

    def _before(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.hit(f"{name} {Path(args[0]).name if isinstance(args[0], str | os.PathLike) else ''}".strip())
            return function(*args, **kwargs)

        return call


def _write(plain: Callable[..., Any], path: Path, content: bytes) -> None:
    with plain(path, "wb") as file:
        file.write(content)


class _Counted:
    """A file whose writes and closing are counted: a failed write leaves half of it, as a full disk does."""

    def __init__(self, file: Any, faults: Faults, name: str) -> None:
        self.file, self.faults, self.name = file, faults, Path(name).name

    def write(self, content: Any) -> Any:
        half = len(content) // 2
        self.file.write(content[:half])
        self.file.flush()
        self.faults.hit(f"write {self.name}")
        return half + self.file.write(content[half:])

    def close(self) -> None:
        if not self.file.closed:
            self.file.close()
            self.faults.hit(f"close {self.name}")

    def __enter__(self) -> "_Counted":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)
