"""What a reader of text says besides errors: that there is no text at all, or that some records were left out."""

import warnings
from pathlib import Path


class NoText(ValueError):
    """A file is what it should be, but there is not one word in it."""


class LeftOut(UserWarning):
    """Some records of a file are not used; the message says how many and why."""


def warn_of_nulls(path: str | Path, count: int, what: str) -> None:
    """Say how many records of a file have no text (null), if there are any."""
    if count:
        counted = f"{count:,} {what}{'s' * (count != 1)}"
        warnings.warn(f"{path}: {counted} without text (null) left out", LeftOut, stacklevel=3)
