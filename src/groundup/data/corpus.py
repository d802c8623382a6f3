"""Reading running text: plain text, subtitles, JSON records, parquet, all but that also packed, or a folder of them.

Every fault of a file is reported in one line, with the name of the file, the place and the cure.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from groundup.data.notext import NoText, warn_of_nulls
from groundup.data.records import JSON_SUFFIXES, read_records, text_field
from groundup.data.subtitles import subtitle_text
from groundup.text.reading import blocks, read_text
from groundup.text.unpacked import Unpacked, existing, suffix

SUBTITLES = (".srt", ".vtt")
TEXT_SUFFIXES = (".txt", *SUBTITLES, ".jsonl", ".parquet")
"""What is read of a folder of texts; each but .parquet also with .gz after it."""
COLUMNS = (".tsv", ".csv")

T = TypeVar("T")


def read_texts(path: str | Path) -> Iterator[str]:
    """The texts of a corpus in a fixed order: one for each file, or for each record ("text") of a .jsonl or .parquet.

    A file of any other suffix (.md, .py) is read as plain text if it is named itself. A folder is read with everything
    below it that is one of TEXT_SUFFIXES, sorted by name; hidden files are passed over.
    Text comes as it is in the file, but line ends become line feeds and a byte-order mark is dropped. Files and
    records without text are left out; ValueError if there are no others.
    """
    yield from _some((text for file in text_files(path) for text in _read_one(file)), path)


def text_files(path: str | Path) -> list[Path]:
    """The file itself, or all texts in the folder and below, sorted by name; hidden ones are passed over."""
    path = existing(path)
    if not path.is_dir():
        return [path]
    inside = (f for f in path.rglob("*") if not any(p.startswith(".") for p in f.relative_to(path).parts))
    files = sorted(f for f in inside if f.is_file() and suffix(f) in TEXT_SUFFIXES)
    if not files:
        raise ValueError(f"{path}: the folder holds none of {', '.join(TEXT_SUFFIXES)} (text also with .gz)")
    return files


def read_documents(path: str | Path, block: int = 1 << 24) -> Iterator[Iterator[str]]:
    """The same texts, each in parts, so that memory holds a few blocks (in bytes) of a long file and not all of it.

    The parts are cut where every named split pattern ends a chunk. Records and subtitles are read one by one.
    """
    yield from _some(_documents(path, block), path)


def _some(found: Iterator[T], path: str | Path) -> Iterator[T]:
    """All that is found; NoText if that is nothing."""
    nothing = True
    for one in found:
        nothing = False
        yield one
    if nothing:
        raise NoText(f"{path}: empty, not one word in it; bring some text")


def _documents(path: str | Path, block: int) -> Iterator[Iterator[str]]:
    for file in text_files(path):
        plain = suffix(file) not in (*SUBTITLES, *JSON_SUFFIXES, *COLUMNS, ".parquet")
        if plain and file.stat().st_size >= block // 8:
            yield _blocks(file, block)
        else:
            for text in _read_one(file):
                yield iter([text])


def _blocks(path: Path, block: int) -> Iterator[str]:
    with Unpacked(path) as file:
        yield from (part.decode() for part in blocks(file, block))


def _read_one(path: Path) -> Iterator[str]:
    """The texts of one file, none if there is not a word in it."""
    with suppress(NoText):
        yield from (text for text in _unchanged(path) if text.strip())


def _unchanged(path: Path) -> Iterator[str]:
    kind = suffix(path)
    refuse_columns(path)
    if kind in SUBTITLES:
        yield subtitle_text(read_file(path), path)
    elif kind in JSON_SUFFIXES:
        nulls = 0
        for line, record in read_records(path):
            if (text := text_field(record, "text", path, line)) is None:
                nulls += 1
            else:
                yield text
        warn_of_nulls(path, nulls, "record")
    elif kind == ".parquet":
        from groundup.data.parquet import read_rows

        yield from (row.text for row in read_rows(path, "text"))
    else:
        yield read_file(path)


def refuse_columns(path: Path) -> None:
    """ValueError for a file of columns, where running text is needed."""
    if (kind := suffix(path)) in COLUMNS:
        raise ValueError(
            f"{path}: a {kind} holds sentence pairs or other columns, not running text; write the column with the text "
            'as .jsonl ({"text": ...}), or as .txt'
        )


def read_file(path: str | Path) -> str:
    """The whole text of a file; NoText if there is not one word in it, ValueError if it is damaged or not text."""
    text = read_text(path)
    if not text.strip():
        raise NoText(f"{path}: the file is empty")
    return text


def read_lines(path: str | Path) -> list[str]:
    """The lines of a file without their ends."""
    return read_file(path).removesuffix("\n").split("\n")  # splitlines would also cut at U+2028 and form feeds
