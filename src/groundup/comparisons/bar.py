"""One bar over many trainings and the time to go; lines where there is no terminal."""

import sys
import time
from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from groundup.machine import clock


class Bar:
    """`share` says how much of all the work is done, 0 .. 1; the time to go is judged from what is done from now on."""

    def __init__(self, what: str, share: Callable[[], float]) -> None:
        self.share = share
        self.console = Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)
        columns = TextColumn("{task.description}"), BarColumn(None), TimeElapsedColumn()
        self.drawn = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        self.task = self.drawn.add_task(what, total=1.0)
        self.looked = 0.0

    def __enter__(self) -> Self:
        self.began, self.already = time.perf_counter(), self.share()
        self.drawn.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.drawn.stop()

    @property
    def shown(self) -> bool:
        return not self.drawn.disable

    def say(self, line: str) -> None:
        self.console.print(line.rstrip())

    def to_go(self) -> str:
        """The time that the rest takes if it goes on at this pace; nothing before there is a pace."""
        share = self.share()
        if share - self.already < 0.005:
            return ""
        seconds = (time.perf_counter() - self.began) / (share - self.already) * (1 - share)
        return f"{clock(seconds)} to go"

    def update(self, description: Callable[[], str]) -> None:
        """Move the bar, at most every other second."""
        if not self.shown or time.perf_counter() - self.looked < 2:
            return
        self.looked = time.perf_counter()
        self.drawn.update(self.task, completed=self.share(), description=f"{description()}  {self.to_go()}")
