"""One file of tokens as a map of its ids, in any of four layouts that are told apart by their first bytes.

    groundup    64 bytes, little-endian: magic (16 bytes), version and bytes an id (4 each), count (8), tokenizer (32)
    llm.c       256 int32: magic 20240520, version 1, count; then uint16 (GPT-2)
                or magic 20240801, version 7, count; then uint32 (LLaMA 3)
    .npy        one row of uint16 (or uint32), as build-nanogpt saves GPT-2's ids

Nothing is read but the header: whatever in it contradicts the file is a ValueError with the name and the byte.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAGIC, VERSION = b"groundup tokens\n", 1
HEADER = struct.Struct("<16sIIQ32s")
IDS = {2: np.dtype("<u2"), 4: np.dtype("<u4")}
MAPPED = 64  # files held open
GPT2, LLAMA3 = 50257, 128256
"""How many tokens the vocabularies have that the other two are written with."""

_LLMC_HEADER = 1024  # bytes
_LLMC = {20240520: (1, 2, GPT2), 20240801: (7, 4, LLAMA3)}  # magic: version, bytes an id, vocabulary
_LLMC_QUESTIONS = 20240522
_NPY = b"\x93NUMPY"


@dataclass(frozen=True)
class MappedIds:
    """A row of ids in a file, of which a slice is read as it is needed.

    The file is mapped into memory at the first look. A map holds its file open, and a process may open some thousand,
    so only MAPPED of them are kept: a row of ten thousand files costs no more than one of a hundred.
    """

    path: Path
    start: int
    """The byte at which the ids begin."""
    count: int
    dtype: np.dtype[Any]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, where: slice) -> NDArray[Any]:
        return _mapped(self.path, self.start, self.count, self.dtype)[where]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self[:], dtype=dtype, copy=copy)

    def part(self, first: int, end: int) -> "MappedIds":
        """The row from id `first` up to `end`, nothing of it read."""
        first, end = min(first, self.count), min(end, self.count)
        return MappedIds(self.path, self.start + first * self.dtype.itemsize, max(0, end - first), self.dtype)


@lru_cache(maxsize=MAPPED)
def _mapped(path: Path, start: int, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.memmap(path, dtype, "r", offset=start, shape=(count,))


class TokenFile(NamedTuple):
    """The ids of a file, mapped, not read."""

    ids: MappedIds
    start: int
    """The byte at which the first id stands."""
    vocab_size: int | None
    """Of the vocabulary that such files are written with; None where another file says it."""
    tokenizer: str | None
    """Hexadecimal fingerprint of the tokenizer, where the file has one."""


def map_tokens(path: Path) -> TokenFile:
    """ValueError with the name and the byte for a file that is cut short, too long, or of another kind."""
    if not path.is_file():
        raise ValueError(f"{path}: missing")
    with path.open("rb") as file:
        head = file.read(HEADER.size)
        if head.startswith(MAGIC):
            return _ours(path, head)
        if head.startswith(_NPY):
            file.seek(0)
            return _npy(path, file)
    first = struct.unpack_from("<3i", head)[0] if len(head) >= 12 else None
    if first in _LLMC:
        return _llmc(path, head)
    if first == _LLMC_QUESTIONS:
        raise ValueError(f"{path}: llm.c's multiple-choice questions, not running text (byte 0)")
    raise ValueError(f"{path}: not a token shard of groundup, of llm.c or .npy (byte 0)")


def looks_like_tokens(path: Path) -> bool:
    """Whether the file begins as one that `map_tokens` may read."""
    with path.open("rb") as file:
        head = file.read(16)
    return head.startswith((MAGIC, _NPY)) or (len(head) >= 4 and struct.unpack_from("<i", head)[0] in _LLMC)


def _ours(path: Path, head: bytes) -> TokenFile:
    if len(head) < HEADER.size:
        raise ValueError(f"{path}: ends at byte {len(head)}, in its header of {HEADER.size}")
    _, version, width, count, made_by = HEADER.unpack(head)
    if version != VERSION or width not in IDS:
        raise ValueError(f"{path}: version {version} with {width} bytes an id cannot be read (byte 16)")
    return TokenFile(_row(path, HEADER.size, count, IDS[width], "byte 24"), HEADER.size, None, made_by.hex())


def _llmc(path: Path, head: bytes) -> TokenFile:
    magic, version, count = struct.unpack_from("<3i", head)
    wanted, width, vocab_size = _LLMC[magic]
    if version != wanted:
        raise ValueError(f"{path}: version {version} of llm.c's magic {magic}, which should be {wanted} (byte 4)")
    return TokenFile(_row(path, _LLMC_HEADER, count, IDS[width], "byte 8"), _LLMC_HEADER, vocab_size, None)


def _npy(path: Path, file: IO[bytes]) -> TokenFile:
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    except Exception as error:  # it is evaluated as Python, which may fail in any way
        raise ValueError(
            f"{path}: a damaged .npy header (byte {file.tell()}): {error or type(error).__name__}"
        ) from None
    if dtype not in IDS.values() or len(shape) != 1:
        raise ValueError(f"{path}: {dtype} of shape {shape}; one row of uint16 or uint32 is needed (byte 10)")
    start = file.tell()
    return TokenFile(_row(path, start, shape[0], dtype, "byte 10"), start, GPT2, None)


def _row(path: Path, start: int, count: int, dtype: np.dtype[Any], where: str) -> MappedIds:
    """The ids behind the header, which says (where) that there are `count` of them."""
    size, needed = path.stat().st_size, start + count * dtype.itemsize
    if size != needed or count < 1:
        raise ValueError(f"{path}: ends at byte {size:,}; its {count:,} ids ({where}) need {needed:,} bytes")
    return MappedIds(path, start, count, dtype)
