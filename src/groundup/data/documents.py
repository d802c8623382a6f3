"""Documents of a corpus of any size, one piece of text at a time: what `prepare` encodes.

Parquet ("text" column, as FineWeb-Edu is published), .jsonl ("text" key), subtitles and plain text are read, all but
parquet also packed with gzip. A row or a record is a document, and so is a file of text, which comes in several pieces.
Every piece has a place (file, number) from which reading can go on.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from groundup.data.corpus import SUBTITLES, read_file, refuse_columns
from groundup.data.notext import NoText, warn_of_nulls
from groundup.data.parquet import read_rows
from groundup.data.records import JSON_SUFFIXES, records_of, text_field
from groundup.data.subtitles import subtitle_text
from groundup.text.reading import blocks
from groundup.text.unpacked import Unpacked, suffix

BLOCK = 1 << 20  # bytes of a piece of plain text


class Piece(NamedTuple):
    """A document, or a part of one cut where every named split pattern cuts."""

    text: str | bytes
    """Bytes are well-formed UTF-8; what is in a file need not become a string."""
    begins: bool
    """Whether a document begins here."""
    file: int
    number: int
    """Its place: in which file, and which piece of it."""
    read: int
    """Bytes of that file read so far, for a progress bar."""


def read_pieces(
    files: Sequence[Path], *, file: int = 0, number: int = 0, whole: bool = False, column: str = "text"
) -> Iterator[Piece]:
    """All pieces from piece `number` of file `file` on; documents without text are left out.

    whole: every document in one piece, for a tokenizer whose split pattern may cut nowhere. ValueError with file and
    place for whatever cannot be read.
    """
    for index in range(file, len(files)):
        path, first = files[index], number if index == file else 0
        for at, begins, text, read in _found(path, first, whole, column):
            if text:
                yield Piece(text, begins, index, at, read)


Found = Iterator[tuple[int, bool, str | bytes, int]]


def _found(path: Path, first: int, whole: bool, column: str) -> Found:
    kind = suffix(path)
    refuse_columns(path)
    if kind == ".parquet":
        return ((row.number, True, row.text, row.read) for row in read_rows(path, column, first))
    if kind in JSON_SUFFIXES:
        return _records(path, first, column)
    return _subtitles(path, first) if kind in SUBTITLES else _plain(path, first, whole)


def _plain(path: Path, first: int, whole: bool) -> Found:
    with Unpacked(path) as file:
        texts = blocks(file, BLOCK)
        for number, text in enumerate([b"".join(texts)] if whole else texts):
            if number >= first:
                yield number, number == 0, text, file.position


def _subtitles(path: Path, first: int) -> Found:
    if first == 0:
        with suppress(NoText):
            yield 0, True, subtitle_text(read_file(path), path), path.stat().st_size


def _records(path: Path, first: int, column: str) -> Found:
    nulls = 0
    with Unpacked(path) as file:
        for number, record in records_of(file):
            if number > first:
                text = text_field(record, column, path, number)
                nulls += text is None
                yield number - 1, True, text or "", file.position
    warn_of_nulls(path, nulls, "record")
