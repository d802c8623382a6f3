"""Reading running text: .txt, .srt subtitles, .jsonl records, any of them packed with gzip, or a folder of them.

Whatever is wrong with a file is said in one line, with its name, the place and the cure.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from groundup.text.reading import blocks

TEXT_SUFFIXES = (".txt", ".srt", ".jsonl")
"""What is taken out of a folder of texts; each also with .gz behind it."""

T = TypeVar("T")

_TIME_LINE = re.compile(r"\s*\d+:\d+:\d+[,.]\d+\s*-->")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|\{\\[^{}]*\}")  # <i>, </font>, {\an8}


class NoText(ValueError):
    """A file is what it should be, but there is not one word in it."""


def read_texts(path: str | Path) -> Iterator[str]:
    """The texts of a corpus in a fixed order: one for each file, or for each record ("text") of a .jsonl.

    A file of any other suffix (.md, .py) is read as plain text if it is named itself. A folder is read with everything
    below it that is one of TEXT_SUFFIXES, sorted by name; hidden files are passed over.
    Text comes as it stands in the file, save that line ends become newlines and a byte-order mark is dropped. Files and
    records without text are left out; ValueError if there are no others.
    """
    yield from _some((text for file in text_files(path) for text in _read_one(file)), path)


def text_files(path: str | Path, kinds: tuple[str, ...] = TEXT_SUFFIXES) -> list[Path]:
    """The file itself, or all of these kinds in the folder and below, sorted by name; hidden ones are passed over."""
    path = existing(path)
    if not path.is_dir():
        return [path]
    inside = (f for f in path.rglob("*") if not any(p.startswith(".") for p in f.relative_to(path).parts))
    files = sorted(f for f in inside if f.is_file() and suffix(f) in kinds)
    if not files:
        raise ValueError(f"{path}: the folder holds none of {', '.join(kinds)} (text also with .gz)")
    return files


def read_documents(path: str | Path, block: int = 1 << 24) -> Iterator[Iterator[str]]:
    """The same texts, each in parts, so that memory holds a few blocks (in bytes) of a long file and not all of it.

    The parts are cut where every named split pattern ends a chunk. Subtitles and .jsonl files are still read whole.
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
        if suffix(file) in (".srt", ".jsonl", ".tsv") or file.stat().st_size < block // 8:
            for text in _read_one(file):
                yield iter([text])
        else:
            yield _blocks(file, block)


def _blocks(path: Path, block: int) -> Iterator[str]:
    with gzip.GzipFile(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
        try:
            for number, text in enumerate(blocks(file, path, block)):
                text = text.replace("\r\n", "\n").replace("\r", "\n")
                if "\0" in text:
                    raise ValueError(f"{path}: a binary file; a text file is needed")
                yield text.removeprefix("\ufeff") if number == 0 else text
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: damaged or not gzip ({error}); fetch it again") from None


def _read_one(path: Path) -> Iterator[str]:
    """The texts of one file, none if there is not a word in it."""
    with suppress(NoText):
        yield from (text for text in _as_they_stand(path) if text.strip())


def _as_they_stand(path: Path) -> Iterator[str]:
    kind = suffix(path)
    if kind == ".tsv":
        raise ValueError(f"{path}: a .tsv holds sentence pairs, not running text")
    if kind == ".srt":
        yield subtitle_text(read_file(path), path)
    elif kind == ".jsonl":
        for line, record in read_records(path):
            yield text_field(record, "text", path, line)
    else:
        yield read_file(path)


def existing(path: str | Path) -> Path:
    """The path, which is there."""
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder")
    return Path(path)


def suffix(path: Path) -> str:
    """What kind of file this is: its last suffix, or the one before .gz."""
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix


def read_file(path: str | Path) -> str:
    """The whole of a UTF-8 file, unpacked if it ends in .gz; NoText if empty, ValueError if damaged or not text."""
    path = existing(path)
    if path.is_dir():
        raise ValueError(f"{path}: is a folder, and a file is needed here")
    data = path.read_bytes()
    if path.suffix.lower() == ".gz" and data:
        data = unpack(data, path)
    if (nul := data.find(b"\0")) >= 0:
        cure = "save it as UTF-8 first" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "a text file is needed"
        raise ValueError(f"{path}: a binary file (NUL at byte {nul}); {cure}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: not UTF-8 (byte 0x{data[error.start]:02x} at offset {error.start}); "
            f"if it is Latin-1, convert it: iconv -f latin1 -t utf-8 {path} > new.txt"
        ) from None
    if not text.strip():
        raise NoText(f"{path}: the file is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def unpack(data: bytes, named: str | Path) -> bytes:
    """What was packed with gzip; ValueError with the name of the file if it is cut short or damaged."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{named}: damaged or not gzip ({error}); fetch it again") from None


def read_lines(path: str | Path) -> list[str]:
    """The lines of a file without their ends; only a newline ends a line."""
    return read_file(path).removesuffix("\n").split("\n")  # splitlines would also cut at U+2028 and form feeds


def read_records(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON-lines file, each with its line number from 1; blank lines are passed over."""
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}, line {number}: not JSON ({error.msg} at column {error.colno})") from None
        if not isinstance(record, dict):
            raise ValueError(f"{path}, line {number}: a JSON object is needed on every line, such as {{...}}")
        yield number, record


def text_field(record: dict[str, Any], key: str, path: str | Path, line: int) -> str:
    """record[key], which is a string."""
    if key not in record:
        raise ValueError(f'{path}, line {line}: no key "{key}" (there are: {", ".join(record) or "none"})')
    if not isinstance(record[key], str):
        raise ValueError(f'{path}, line {line}: "{key}" must be a string, not {type(record[key]).__name__}')
    return record[key]


def subtitle_text(text: str, path: str | Path = "subtitles") -> str:
    """The spoken words of a SubRip (.srt) text, one line for each cue; numbers, times and tags are left out."""
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if _TIME_LINE.match(line)]
    if not starts:
        raise ValueError(f"{path}: no time line (00:00:01,000 --> 00:00:02,000); if it is plain text, name it .txt")
    cues = []
    for start, following in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        # The line before the next time line is that cue's number, if it is one.
        end = following - 1 if following <= len(lines) and lines[following - 1].strip().isdigit() else following
        cue = " ".join(_TAG.sub("", " ".join(lines[start + 1 : end])).split())
        if cue:
            cues.append(cue)
    if not cues:
        raise NoText(f"{path}: {len(starts)} cues and not one word in them")
    return "\n".join(cues) + "\n"
