"""One line on stderr about what was understood in a file, where neither silence nor a refusal would be right."""

import sys


def notice(text: str) -> None:
    """Print it; a program without stderr goes on."""
    print(f"groundup: {text}", file=sys.stderr)
