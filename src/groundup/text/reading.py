"""Text to learn a vocabulary from: files of any size in blocks, so that memory does not grow with them."""

import codecs
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import regex

from groundup.text import patterns

_BLOCK = 1 << 20
# The last line end after a sign of text and before a letter or digit: there every pattern of `patterns` cuts anyway.
LAST_CUT = regex.compile(r"(?r)(?<=\S\n)(?=[\p{L}\p{N}])")

_NOT_UTF8 = regex.compile("([\udc80-\udcff]+)")  # as "surrogateescape" writes such bytes


def read(paths: Iterable[str | Path], *, whole: bool) -> Iterator[str]:
    """The text of UTF-8 files, packed with gzip or not, and of all *.txt and *.txt.gz under folders.

    whole: one text a file. Otherwise a long file comes in blocks that have the same chunks as the whole, whichever
        named split pattern cuts them.
    """
    for path in map(Path, paths):
        inside = sorted([*path.rglob("*.txt"), *path.rglob("*.txt.gz")]) if path.is_dir() else [path]
        for file in inside:
            with gzip.GzipFile(file) if file.suffix == ".gz" else file.open("rb") as opened:
                try:
                    texts = blocks(opened, file)
                    yield from ["".join(texts)] if whole else texts
                except (EOFError, zlib.error, gzip.BadGzipFile):
                    raise ValueError(f"{file}: damaged or not gzip; fetch it again") from None


def blocks(file: IO[bytes] | gzip.GzipFile, name: str | Path, size: int = _BLOCK) -> Iterator[str]:
    """The text of an open file in blocks of about `size` bytes; ValueError with name and place if it is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    text, done = "", 0
    while True:
        data = file.read(size)
        try:
            new = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            at = done + len(data) - len(error.object) + error.start
            raise ValueError(f"{name} is not UTF-8 text: byte {at} is {error.object[error.start]:#x}") from None
        if not data:
            break
        text, done = text + new, done + len(data)
        if cut := LAST_CUT.search(text, max(0, len(text) - len(new) - 2)):
            yield text[: cut.start()]
            text = text[cut.start() :]
    if text:
        yield text


def ordinary_parts(texts: str | Iterable[str], specials: Sequence[str]) -> Iterator[str]:
    """The texts cut at the special tokens that stand in them; a ValueError if there is nothing to learn from."""
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
    """Any bytes in order: as text where they are UTF-8, as bytes where they are not."""
    for number, part in enumerate(_NOT_UTF8.split(data.decode("utf-8", "surrogateescape"))):
        yield part.encode("utf-8", "surrogateescape") if number % 2 else part


def utf8(text: str) -> bytes:
    """The bytes of the text, made well-formed."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return well_formed(text).encode()


def well_formed(text: str) -> str:
    """The text as it can be written: pairs of surrogates become the character they mean, lone ones U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
