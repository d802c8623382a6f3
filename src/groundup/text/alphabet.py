"""GPT-2's names of bytes. A text file cannot hold tokens of arbitrary bytes, so " the" is written "Ġthe"."""

from codecs import charmap_decode
from typing import Any


def _byte_names() -> list[str]:
    """Name each byte: printable Latin-1 characters name themselves, the other bytes have names from U+0100 on."""
    names = [chr(byte) if chr(byte).isprintable() and byte not in b" " else "" for byte in range(256)]
    others = iter(range(256, 512))
    return [name or chr(next(others)) for name in names]


BYTE_NAMES = _byte_names()
_BYTES = {name: byte for byte, name in enumerate(BYTE_NAMES)}
_TABLE: Any = "".join(BYTE_NAMES)  # charmap_decode accepts a string, although its type does not say so


def name_of(token: bytes) -> str:
    """Return the name of a token: one character for each byte."""
    return charmap_decode(token, "strict", _TABLE)[0]


def token_of(name: str) -> bytes:
    """Return the token with this name. Raises ValueError if a character names no byte."""
    try:
        return bytes(_BYTES[character] for character in name)
    except KeyError:
        raise ValueError(f"its token {name!r} is not written in the byte alphabet of GPT-2") from None


def printable(token: bytes) -> str:
    """Return a token in printable form: a space as ␣, and what cannot be printed escaped, as \\\\n and \\\\xe2."""
    text = token.decode("utf-8", "backslashreplace").replace(" ", "␣")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
