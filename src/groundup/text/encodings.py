"""Guess the encoding of a file that is not UTF-8 from its bytes, for the cure in an error message."""

from pathlib import Path

_NOT_CP1252 = bytes([0x81, 0x8D, 0x8F, 0x90, 0x9D])  # Windows-1252 has no character for these


def not_utf8(path: Path, data: bytes, at: int, offset: int, line: int) -> str:
    """Return the message about data[at], which is byte `offset` of the file and not UTF-8."""
    wrong = f"{path}, line {line}: not UTF-8 (byte 0x{data[at]:02x} at offset {offset})"
    if offset == 0 and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return f"{wrong}; it is UTF-16, convert it: {_convert('utf-16', path)}"
    if any(byte in _NOT_CP1252 for byte in data):
        return f"{wrong}; find its encoding (file -i {path}) and convert it: {_convert('ENCODING', path)}"
    # Windows-1252 is Latin-1 with quotes, dashes and the euro sign where Latin-1 has control characters.
    return f"{wrong}; if it is Windows-1252 or Latin-1, convert it: {_convert('cp1252', path)}"


def not_text(path: Path, data: bytes, offset: int, *, begins: bool) -> str:
    """Return the message about a file with a NUL at byte `offset`. begins: whether data is the start of the file."""
    wrong = f"{path}: a binary file (NUL at byte {offset})"
    if begins and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return f"{wrong}; it is UTF-16, convert it: {_convert('utf-16', path)}"
    for name, zeros in (("utf-16le", data[::2]), ("utf-16be", data[1::2])):
        text = data[: len(data) // 2 * 2].decode(name, "ignore")
        if begins and 0 not in zeros and all(sign.isprintable() or sign.isspace() for sign in text):
            return f"{wrong}; it seems to be {name.upper()}, convert it: {_convert(name, path)}"
    return f"{wrong}; a text file is needed"


def _convert(encoding: str, path: Path) -> str:
    return f"iconv -f {encoding} -t utf-8 {path} > new.txt"
