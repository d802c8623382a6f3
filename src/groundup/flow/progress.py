"""A progress bar over equally sized items."""

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from groundup.training import launch

T = TypeVar("T")


def progress(items: Sequence[T], *, what: str) -> Iterable[T]:
    """Give the items one by one, with a bar on the terminal; only rank 0 shows it, and only where there is one."""
    shown = sys.stderr.isatty() and launch.rank() == 0
    return track(items, what, console=Console(stderr=True), transient=True, disable=not shown)
