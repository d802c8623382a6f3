"""Documents of a corpus of any size, one piece of text at a time: what `prepare` encodes.

Read are parquet ("text" column, as FineWeb-Edu is published), .jsonl ("text" key), subtitles and plain text, all but
parquet also packed with gzip. A row or a record is a document, and so is a file of text, which comes in several pieces.
Every piece has a place (file, number) that reading can begin at again.
"""

import codecs
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from groundup.data.corpus import TEXT_SUFFIXES, NoText, read_file, subtitle_text, suffix, text_field, text_files
from groundup.text.reading import LAST_CUT

BLOCK = 1 << 20  # bytes of a piece of plain text
PACKED = 1 << 18  # bytes of a packed file taken at a time
KINDS = (*TEXT_SUFFIXES, ".parquet")
ROWS = 256  # of parquet, decoded at a time


class Piece(NamedTuple):
    """A document, or a part of one that every named split pattern parts from the next."""

    text: str | bytes
    """Bytes are well-formed UTF-8; what lies in a file as such need not become a string."""
    begins: bool
    """Whether a document begins here."""
    file: int
    number: int
    """Its place: in which file, and which piece of it."""
    read: int
    """Bytes of that file read so far, for a progress bar."""


def source_files(path: str | Path) -> list[Path]:
    """The file itself, or all of the KINDS in the folder and below, sorted by name; hidden ones are passed over."""
    return text_files(path, KINDS)


def read_pieces(
    files: Sequence[Path], *, file: int = 0, number: int = 0, whole: bool = False, column: str = "text"
) -> Iterator[Piece]:
    """All pieces from piece `number` of file `file` on; documents without text are left out.

    whole: every document in one piece, for a tokenizer whose split pattern may cut nowhere. ValueError with file and
    place for whatever cannot be read.
    """
    for index in range(file, len(files)):
        path, first = files[index], number if index == file else 0
        try:
            for at, begins, text, read in _KINDS.get(suffix(path), _plain)(path, first, whole, column):
                if text:
                    yield Piece(text, begins, index, at, read)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: damaged or not gzip ({error}); fetch it again") from None


Found = Iterator[tuple[int, bool, str | bytes, int]]


def _plain(path: Path, first: int, whole: bool, column: str) -> Found:
    with Unpacked(path) as file:
        texts: Iterable[bytes] = _blocks(file, path)
        for number, text in enumerate([b"".join(texts)] if whole else texts):
            if number < first:
                continue
            if b"\0" in text:
                raise ValueError(f"{path}: a binary file, NUL in piece {number}; a text file is needed")
            if b"\r" in text:
                text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            yield number, number == 0, text.removeprefix(codecs.BOM_UTF8) if number == 0 else text, file.position


def _blocks(file: "Unpacked", path: Path) -> Iterator[bytes]:
    """As `text.reading.blocks`, cut at the same places, but as bytes: to decode them is to check them, no more."""
    rest, loose, before, done = b"", b"", "", 0  # not yet cut; half a character; the two characters behind; bytes read
    while True:
        read = file.read(BLOCK)
        data = loose + read
        try:
            text, size = codecs.utf_8_decode(data, "strict", not read)
        except UnicodeDecodeError as error:
            at = done - len(loose) + error.start
            raise ValueError(f"{path} is not UTF-8 text: byte {at} is {data[error.start]:#x}") from None
        if not read:
            break
        done, loose, place = done + len(read), data[size:], None
        if cut := LAST_CUT.search(text):
            place = size - len(text[cut.start() :].encode())
        elif cut := LAST_CUT.search(before + text[:2]):  # it may lie where the two meet
            place = len(text[: cut.start() - len(before)].encode())
        before = (before + text[-2:])[-2:]
        if place is None:
            rest += data[:size]
        else:
            yield rest + data[:place]
            rest = data[place:size]
    if rest:
        yield rest


def _subtitles(path: Path, first: int, whole: bool, column: str) -> Found:
    if first == 0:
        with suppress(NoText):
            yield 0, True, subtitle_text(read_file(path), path), path.stat().st_size


def _records(path: Path, first: int, whole: bool, column: str) -> Found:
    with Unpacked(path) as file:
        for number, line in enumerate(_lines(file)):
            if number < first or not line.strip():
                continue
            try:
                record = json.loads(line.decode("utf-8-sig" if number == 0 else "utf-8"))
            except UnicodeDecodeError as error:
                wrong = f"byte 0x{line[error.start]:02x} at offset {error.start} of the line"
                raise ValueError(f"{path}, line {number + 1}: not UTF-8 ({wrong})") from None
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}, line {number + 1}: not JSON ({error.msg} at column {error.colno})") from None
            if not isinstance(record, dict):
                raise ValueError(f"{path}, line {number + 1}: a JSON object is needed on every line, such as {{...}}")
            yield number, True, text_field(record, column, path, number + 1), file.position


def _lines(file: "Unpacked") -> Iterator[bytes]:
    rest = b""
    while data := file.read(BLOCK):
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _rows(path: Path, first: int, whole: bool, column: str) -> Found:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise ValueError(f"{path}: reading parquet needs pyarrow; pip install 'groundup[data]'") from None
    try:
        with parquet.ParquetFile(path) as table:
            _check_column(table.schema_arrow, column, path)
            number, size = 0, path.stat().st_size
            for group in range(table.num_row_groups):
                rows = table.metadata.row_group(group).num_rows
                if number + rows <= first:
                    number += rows
                    continue
                for batch in table.iter_batches(ROWS, row_groups=[group], columns=[column]):
                    for text in batch.column(0).to_pylist():
                        if text is None:
                            raise ValueError(f"{path}, row {number}: no {column}")
                        if number >= first:
                            yield number, True, text, size * (group + 1) // table.num_row_groups
                        number += 1
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{path}: damaged or not parquet ({str(error).splitlines()[0]}); fetch it again") from None


def _check_column(schema: Any, column: str, path: Path) -> None:
    if column not in schema.names:
        raise ValueError(f'{path}: no column "{column}" (there are: {", ".join(schema.names)})')
    kind = str(schema.field(column).type)
    if kind not in ("string", "large_string", "string_view"):
        raise ValueError(f'{path}: column "{column}" must hold strings, not {kind}')


def _pairs(path: Path, first: int, whole: bool, column: str) -> Found:
    raise ValueError(f"{path}: a .tsv holds sentence pairs, not running text")


_KINDS = {".parquet": _rows, ".jsonl": _records, ".srt": _subtitles, ".tsv": _pairs}


class Unpacked:
    """A file as bytes, unpacked as it is read if its name ends in .gz.

    gzip's own reader takes 8 kB at a time and holds up other threads; larger steps are quicker and let them run. Where
    isal is installed (groundup[data]) it unpacks, in 40% of zlib's time.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("rb")
        self._packed = path.suffix.lower() == ".gz"
        self._decompressobj, self._error = _fastest()
        self._member: Any = None  # of the gzip file; there may be several, one behind the other
        self._left = b""

    @property
    def position(self) -> int:
        """Bytes read of the file as it lies there."""
        return self._file.tell()

    def read(self, size: int) -> bytes:
        """`size` more bytes, or some more; none at the end. EOFError, zlib.error if they are not what was packed."""
        if not self._packed:
            return self._file.read(size)
        parts, found = [], 0
        while found < size and (part := self._unpack()):
            parts.append(part)
            found += len(part)
        return b"".join(parts)

    def _unpack(self) -> bytes:
        """Some bytes of the text, or none at the end."""
        while True:
            packed = self._left or self._file.read(PACKED)
            if not packed:
                if self._member is not None:
                    raise EOFError("it ends too early")
                return b""
            self._member = self._member or self._decompressobj(wbits=31)
            try:
                data, self._left = self._member.decompress(packed), b""
            except self._error as error:
                raise zlib.error(str(error)) from None
            if self._member.eof:
                self._left, self._member = self._member.unused_data.lstrip(b"\0"), None  # zeros may follow
            if data:
                return data

    def __enter__(self) -> "Unpacked":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _fastest() -> tuple[Callable[..., Any], Any]:
    """What makes an object that unpacks, and what that raises."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.decompressobj, zlib.error
    return isal_zlib.decompressobj, isal_zlib.IsalError
