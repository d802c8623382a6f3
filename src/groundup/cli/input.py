"""What a verb is given to read: files that were meant and not said, and the lines of a pipe as they come."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

from groundup.text.reading import piped_lines

CHUNK = 1 << 16  # bytes, as many as a pipe holds


def tell_of_files(texts: Sequence[str]) -> None:
    """One line to standard error where the only text is the name of a file: most likely its lines were meant."""
    if len(texts) == 1 and "." in texts[0] and _is_file(texts[0]):
        print(f"groundup: {texts[0]} is taken as text, and is a file; did you mean --file {texts[0]}?", file=sys.stderr)


def place(file: Path | None) -> str:
    """What stands before the number of a line of the file; nothing for standard input."""
    return "" if file is None or str(file) == "-" else f"{file}, "


def piped_blocks(stream: TextIO, *, most: int) -> Iterator[list[str]]:
    """The lines of standard input, in blocks of those that are there already: so none waits for lines that come later.

    A byte that is not UTF-8 becomes a lone surrogate. What ends a line: see `groundup.text.reading`.
    """
    try:
        handle = stream.fileno()
    except (OSError, ValueError):  # a stream without a file
        handle = None
    if handle is None or stream.isatty():
        yield from batched(piped_lines(stream), most if handle is None else 1)
        return
    for lines in _chunks(handle):
        yield from batched(lines, most)


def batched(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    """The lines in blocks of `size`, the last of the rest."""
    rest = iter(lines)
    while block := list(islice(rest, size)):
        yield block


def _chunks(handle: int) -> Iterator[list[str]]:
    """The lines that each read completes."""
    parts: list[bytes] = []  # of a line that is not complete
    begun = False
    while data := os.read(handle, CHUNK):
        parts.append(data)
        if b"\n" not in data:
            continue
        *ended, rest = b"".join(parts).split(b"\n")
        parts = [rest]
        yield [_text(line, first=not begun and n == 0) for n, line in enumerate(ended)]
        begun = True
    if rest := b"".join(parts):
        text = _text(rest, first=not begun)
        yield [text] if begun else text.split("\r")  # no line feed in all of it


def _text(line: bytes, *, first: bool) -> str:
    text = line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
    return text.removeprefix("\ufeff") if first else text


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a NUL in it
        return False
