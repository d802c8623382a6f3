"""How far one is, for what goes through many things of a size."""

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from groundup.training import launch

T = TypeVar("T")


def watched(items: Sequence[T], *, what: str) -> Iterable[T]:
    """The items one by one, with a bar on the terminal of rank 0, and none where there is no terminal."""
    shown = sys.stderr.isatty() and launch.rank() == 0
    return track(items, what, console=Console(stderr=True), transient=True, disable=not shown)
