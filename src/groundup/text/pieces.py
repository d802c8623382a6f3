"""Cut a long text where every named split pattern ends a chunk, so that the parts can be processed separately."""

from collections.abc import Iterator

import regex

# A border is between a letter and a character of another chunk: not a letter, mark, number or apostrophe.
_BORDER = regex.compile(r"\p{L}[^\p{L}\p{M}\p{N}']")
_LAST_BORDER = regex.compile(r"(?r)\p{L}[^\p{L}\p{M}\p{N}']")

PIECE = 1 << 22  # characters


def pieces(text: str, size: int = PIECE) -> Iterator[str]:
    """Yield the text in parts of about `size` characters. A part is longer only if the text has no border there."""
    start = 0
    while len(text) - start > size:
        border = _LAST_BORDER.search(text, start, start + size) or _BORDER.search(text, start + size - 1)
        if border is None:
            break
        yield text[start : border.start() + 1]
        start = border.start() + 1
    yield text[start:]
