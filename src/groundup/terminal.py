"""Print untrusted text on a terminal: control characters are shown and have no effect."""

import sys
import unicodedata
from typing import TextIO


def shown(text: str, stream: TextIO | None = None) -> str:
    """Return the text in a form that is safe to print on the stream (None: standard output).

    On a terminal, control characters except tabs and line ends are written like \\x1b, because they could move the
    cursor, or change colours or the clipboard. A file or a pipe gets the text unchanged.
    """
    if not (stream or sys.stdout).isatty():
        return text
    return "".join(c if c in "\t\n" or unicodedata.category(c) != "Cc" else f"\\x{ord(c):02x}" for c in text)
