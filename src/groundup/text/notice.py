"""Print one line on stderr about how a file was understood, if neither silence nor an error would be right."""

import sys


def notice(text: str) -> None:
    """Print the text. Does nothing in a program without stderr."""
    print(f"groundup: {text}", file=sys.stderr)
