"""GPT-2's names of bytes: a file cannot hold a token of any bytes as text, so " the" is written "Ġthe"."""

from codecs import charmap_decode
from typing import Any


def _byte_names() -> list[str]:
    """A printable Latin-1 character stands for itself, the other bytes are named from U+0100 on."""
    names = [chr(byte) if chr(byte).isprintable() and byte not in b" " else "" for byte in range(256)]
    others = iter(range(256, 512))
    return [name or chr(next(others)) for name in names]


BYTE_NAMES = _byte_names()
_BYTES = {name: byte for byte, name in enumerate(BYTE_NAMES)}
_TABLE: Any = "".join(BYTE_NAMES)  # what decoding takes, if not what its type says


def name_of(token: bytes) -> str:
    """The name of a token: one character for each byte."""
    return charmap_decode(token, "strict", _TABLE)[0]


def token_of(name: str) -> bytes:
    """The token of a name; a ValueError if a character of it names no byte."""
    try:
        return bytes(_BYTES[character] for character in name)
    except KeyError:
        raise ValueError(f"its token {name!r} is not written in the byte alphabet of GPT-2") from None


def printable(token: bytes) -> str:
    """A token as a person can see it: a space as ␣, what cannot be printed escaped, such as \\\\n and \\\\xe2."""
    text = token.decode("utf-8", "backslashreplace").replace(" ", "␣")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
