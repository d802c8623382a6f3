"""Read a file as bytes, decompressed if its name ends in .gz. Every reader of text uses this.

Only ordinary files are opened: a device or a pipe may never end. A compressed file that expands far more than text does
is refused before it fills the memory.
"""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

PACKED = 1 << 18  # bytes of a compressed file to read at a time
BOMB_SIZE, BOMB_RATIO = 1 << 28, 200  # text compresses to a third, logs to a hundredth, a zip bomb to a thousandth


def existing(path: str | Path) -> Path:
    """Return the path of a file or folder. Raises FileNotFoundError, or ValueError for a device or a pipe."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder")
    if not path.is_file() and not path.is_dir():
        raise ValueError(f"{path}: a device or a pipe, and a file is needed; save it first: cat {path} > file.txt")
    return path


def suffix(path: Path) -> str:
    """Return the last suffix of the file's name in small letters, or the one before .gz."""
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix


class Unpacked:
    """A file as bytes, decompressed while it is read. Raises ValueError with its name if it is not valid gzip.

    The reader of the module gzip takes 8 kB at a time and blocks other threads; larger steps are faster and let them
    run. If isal is installed (groundup[data]), it is used and takes 40% of zlib's time.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = existing(path)
        if self.path.is_dir():
            raise ValueError(f"{path}: a folder, and a file is needed here")
        self._file: IO[bytes] = self.path.open("rb")
        self._packed = self.path.suffix.lower() == ".gz"
        self._decompressobj, self._error = _fastest()
        self._member: Any = None  # of the gzip file, which may have several members in sequence
        self._left = b""
        self._given = 0

    @property
    def position(self) -> int:
        """How many bytes of the file on disk have been read."""
        return self._file.tell()

    def read(self, size: int) -> bytes:
        """Return about `size` more bytes; a compressed file may give some more than `size`. b"" at the end."""
        if not self._packed:
            return self._file.read(size)
        parts, found = [], 0
        try:
            while found < size and (part := self._unpack()):
                parts.append(part)
                found += len(part)
        except (EOFError, zlib.error) as error:
            raise ValueError(f"{self.path}: damaged or not gzip ({error}); fetch it again") from None
        self._given += found
        if self._given > max(BOMB_SIZE, BOMB_RATIO * self.position):
            raise ValueError(
                f"{self.path}: {self.position:,} bytes of it unpack to {self._given:,}, more than {BOMB_RATIO} times "
                "as many; text does not. If it is what you want, unpack it first: gunzip"
            )
        return b"".join(parts)

    def _unpack(self) -> bytes:
        """Return some bytes of the text, or b"" at the end."""
        while True:
            packed = self._left or self._file.read(PACKED)
            if not packed:
                if self._member is not None:
                    raise EOFError("it ends too early")
                return b""
            self._member = self._member or self._decompressobj(wbits=31)
            try:
                data, self._left = self._member.decompress(packed, PACKED << 4), b""
            except self._error as error:
                raise zlib.error(str(error)) from None
            if self._member.eof:
                self._left, self._member = self._member.unused_data.lstrip(b"\0"), None  # zeros may follow
            else:
                self._left = self._member.unconsumed_tail
            if data:
                return data

    def __enter__(self) -> "Unpacked":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _fastest() -> tuple[Callable[..., Any], Any]:
    """Return the function that makes a decompressor, and the exception that a decompressor raises."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.decompressobj, zlib.error
    return isal_zlib.decompressobj, isal_zlib.IsalError
