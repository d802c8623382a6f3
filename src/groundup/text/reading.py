"""Read UTF-8 files, in blocks or line by line, so that memory does not grow with their size.

A line ends with a line feed, with or without a carriage return before it. A carriage return alone ends a line only in a
file without any line feed, as old Macs wrote them; elsewhere it is an ordinary character. In the text that is returned,
every line ends with a line feed, and there is no byte-order mark.
"""

import codecs
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

import regex

from groundup.text import patterns
from groundup.text.encodings import not_text, not_utf8
from groundup.text.unpacked import Unpacked

BLOCK = 1 << 20  # bytes
LONGEST = 1 << 28  # bytes of one line
# The last line end after a visible character and before a letter or digit: all patterns of `patterns` cut there.
LAST_CUT = regex.compile(r"(?r)(?<=\S\n)(?=[\p{L}\p{N}])")

_NOT_UTF8 = regex.compile("([\udc80-\udcff]+)")  # "surrogateescape" decodes such bytes to these characters


def read(paths: Iterable[str | Path], *, whole: bool) -> Iterator[str]:
    """Yield the text of UTF-8 files, compressed with gzip or not, and of all *.txt and *.txt.gz under folders.

    whole: yield one text for each file. Otherwise a long file comes in blocks; every named split pattern finds the
        same chunks in the blocks as in the whole file.
    """
    for path in map(Path, paths):
        inside = sorted([*path.rglob("*.txt"), *path.rglob("*.txt.gz")]) if path.is_dir() else [path]
        for file in inside:
            if whole:
                yield read_text(file)
                continue
            with Unpacked(file) as opened:
                yield from (block.decode() for block in blocks(opened))


def read_text(path: str | Path) -> str:
    """Return the whole text of a file."""
    with Unpacked(path) as file:
        return "".join(text for _, text in _checked(file, BLOCK))


def blocks(file: Unpacked, size: int | None = None) -> Iterator[bytes]:
    """Yield the text of a file in blocks of about `size` bytes, cut where every named split pattern cuts.

    The blocks are well-formed UTF-8, as bytes, because not every caller needs strings.
    """
    parts: list[bytes] = []  # not yet cut
    before = ""  # the last two characters of the block before
    for data, text in _checked(file, size or BLOCK):
        place = None
        if cut := LAST_CUT.search(text):
            place = len(data) - len(text[cut.start() :].encode())
        elif cut := LAST_CUT.search(before + text[:2]):  # the cut may be at the border of two blocks
            place = len(text[: cut.start() - len(before)].encode())
        before = (before + text[-2:])[-2:]
        if place is not None:
            yield b"".join([*parts, data[:place]])
            parts = []
        parts.append(data[place or 0 :])
    if rest := b"".join(parts):
        yield rest


def lines(file: Unpacked) -> Iterator[str]:
    """Yield the lines of a file without their ends. Raises ValueError if a line is longer than LONGEST."""
    parts: list[str] = []
    number = held = 0
    for _, text in _checked(file, BLOCK):
        *ended, rest = text.split("\n")
        for line in ended:
            yield "".join([*parts, line])
            parts, held, number = [], 0, number + 1
        parts.append(rest)
        held += len(rest)
        if held > LONGEST:
            raise ValueError(f"{file.path}, line {number + 1}: longer than {LONGEST:,} characters; break it into lines")
    if rest := "".join(parts):
        yield rest


def piped_lines(stream: TextIO, *, errors: str = "surrogateescape") -> Iterator[str]:
    """Yield the lines of standard input as soon as they arrive. errors: how to decode bytes that are not UTF-8."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors=errors, newline="\n")
    for number, line in enumerate(stream):
        if number == 0:
            line = line.removeprefix("\ufeff")
            if not line.endswith("\n"):  # the whole input has no line feed
                yield from line.removesuffix("\r").split("\r")
                return
        yield line[:-2] if line.endswith("\r\n") else line.removesuffix("\n")


def _checked(file: Unpacked, size: int) -> Iterator[tuple[bytes, str]]:
    """Yield the file in blocks, each as bytes and as text, with line feeds only. Raises ValueError if not text."""
    loose, held, old, start = b"", b"", None, True  # half a character; a carriage return that a line feed may follow
    done = lines = 0
    while True:
        read = file.read(size)
        data = loose + read
        try:
            text, used = codecs.utf_8_decode(data, "strict", not read)
        except UnicodeDecodeError as error:
            if (nul := data.find(b"\0")) >= 0:
                raise ValueError(not_text(file.path, data, done - len(loose) + nul, begins=start)) from None
            line = lines + data.count(b"\n", 0, error.start) + 1
            raise ValueError(not_utf8(file.path, data, error.start, done - len(loose) + error.start, line)) from None
        if (nul := data.find(b"\0")) >= 0:
            raise ValueError(not_text(file.path, data, done - len(loose) + nul, begins=start))
        loose, data = data[used:], data[:used]
        done, lines = done + len(read), lines + data.count(b"\n")
        if start and text:
            data, text, start = data.removeprefix(codecs.BOM_UTF8), text.removeprefix("\ufeff"), False
        if held or b"\r" in data:
            data = held + data
            held = b"\r" if read and data.endswith(b"\r") else b""
            data = data[: len(data) - len(held)].replace(b"\r\n", b"\n")
            if b"\r" in data:
                old = not _has_line_feed(file.path) if old is None else old
                data = data.replace(b"\r", b"\n") if old else data
            text = data.decode()
        if data:
            yield data, text
        if not read:
            return


def _has_line_feed(path: Path) -> bool:
    with Unpacked(path) as file:
        return any(b"\n" in data for data in iter(lambda: file.read(BLOCK), b""))


def ordinary_parts(texts: str | Iterable[str], specials: Sequence[str]) -> Iterator[str]:
    """Yield the texts, cut at the special tokens in them. Raises ValueError if all texts are empty."""
    if isinstance(specials, str) or "" in specials or len(set(specials)) < len(specials):
        raise ValueError(f"special tokens must be distinct and not empty: {specials!r}")
    empty = True
    for text in [texts] if isinstance(texts, str) else texts:
        for part in patterns.split_at(well_formed(text), specials):
            if part not in specials:
                empty = empty and not part
                yield part
    if empty:
        raise ValueError("there is no text to train a tokenizer on: every text is empty")


def stretches(data: bytes) -> Iterator[str | bytes]:
    """Yield any bytes in order: as text if they are UTF-8, as bytes if they are not."""
    for number, part in enumerate(_NOT_UTF8.split(data.decode("utf-8", "surrogateescape"))):
        yield part.encode("utf-8", "surrogateescape") if number % 2 else part


def utf8(text: str) -> bytes:
    """Return the text as UTF-8, made well-formed first."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return well_formed(text).encode()


def well_formed(text: str) -> str:
    """Return the text without surrogates: a pair becomes its character, a lone one U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
