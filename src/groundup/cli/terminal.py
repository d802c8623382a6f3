"""Text of others on somebody's terminal: control characters are shown, not obeyed."""

import sys
import unicodedata


def shown(text: str) -> str:
    """The text as it may be printed: on a terminal, control characters but tabs and line ends are written as \\x1b.

    They would move the cursor, change its colours or the clipboard. A file or a pipe gets the text as it is.
    """
    if not sys.stdout.isatty():
        return text
    return "".join(c if c in "\t\n" or unicodedata.category(c) != "Cc" else f"\\x{ord(c):02x}" for c in text)
