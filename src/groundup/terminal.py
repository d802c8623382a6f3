"""Text of others on somebody's terminal: control characters are shown, not obeyed."""

import sys
import unicodedata
from typing import TextIO


def shown(text: str, stream: TextIO | None = None) -> str:
    """The text as it may be printed on the stream (None: standard output).

    On a terminal, control characters but tabs and line ends are written as \\x1b: they would move the cursor, or change
    colours or the clipboard. A file or a pipe gets the text as it is.
    """
    if not (stream or sys.stdout).isatty():
        return text
    return "".join(c if c in "\t\n" or unicodedata.category(c) != "Cc" else f"\\x{ord(c):02x}" for c in text)
