"""The output of a training: a progress bar on a terminal, plain lines elsewhere, and always metrics.jsonl."""

import json
import math
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from groundup.files import write_whole
from groundup.machine import clock
from groundup.records import parse_json
from groundup.training.flops import Yardstick
from groundup.training.loop import Step


class Display(Protocol):
    """Shows the progress of a training. It is also a context manager, which restores the terminal at the end."""

    def set_yardstick(self, yardstick: Yardstick | None) -> None:
        """Print the peak rate, and from now on show the share of it that the training reaches."""
        ...

    def tick(self, step: Step) -> None:
        """Called at every step."""
        ...

    def log(self, step: Step) -> None:
        """Called every few steps with the mean over them."""
        ...

    def valid(self, n: int, loss: float, *, best: bool) -> None:
        """Called after a validation at step n."""
        ...

    def note(self, text: str) -> None:
        """Print a message once."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def show(stream: TextIO, *, steps: int | None) -> Display:
    """Return a progress bar if the stream is a terminal, otherwise plain lines."""
    return Bar(stream, steps=steps) if stream.isatty() else Lines(stream)


class Pace:
    """What both displays add to a logged step: the share of the hardware's peak rate, and the seconds of one step."""

    def __init__(self) -> None:
        self.yardstick: Yardstick | None = None
        self.steps, self.seconds = 0, 0.0
        """Steps since the last log, and their seconds: a logged step is the mean of several."""

    def tick(self, step: Step) -> None:
        self.steps, self.seconds = self.steps + 1, self.seconds + step.seconds

    def log(self, step: Step) -> str:
        seconds = self.seconds / self.steps if self.steps else step.seconds
        self.steps, self.seconds = 0, 0.0
        share = ""
        if self.yardstick is not None:
            share = f"  {self.yardstick.share(step.tokens / max(step.seconds, 1e-9)):.0%} {self.yardstick.unit}"
        return f"{share}  {duration(seconds)}"


def duration(seconds: float) -> str:
    """Format seconds as 85 ms, 9.12 s or 128 s."""
    if seconds < 0.995:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 99.5 else f"{seconds:.0f} s"


class Lines:
    """One plain line for each log, validation and note."""

    def __init__(self, stream: TextIO):
        self.stream = stream
        self.pace = Pace()
        self.first: tuple[float, float] | None = None
        """The time at which this display saw its first step, and the progress of the run at that time."""

    def set_yardstick(self, yardstick: Yardstick | None) -> None:
        self.pace.yardstick = yardstick
        if yardstick is not None:
            self.note(yardstick.note)

    def tick(self, step: Step) -> None:
        self.pace.tick(step)
        if self.first is None:
            self.first = time.perf_counter(), step.progress

    def log(self, step: Step) -> None:
        self.note(f"{step}{self.pace.log(step)}  {step.progress:4.0%}{self._to_go(step.progress)}")

    def _to_go(self, progress: float) -> str:
        """The remaining time at the pace so far, in words."""
        if self.first is None or progress <= self.first[1]:
            return ""
        began, already = self.first
        return f"  {clock((time.perf_counter() - began) / (progress - already) * (1 - progress))} to go"

    def valid(self, n: int, loss: float, *, best: bool) -> None:
        self.note(f"step {n}  validation loss {loss:.3f}{'  (best so far)' if best else ''}")

    def note(self, text: str) -> None:
        print(text, file=self.stream, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


class Bar:
    """Live lines: a progress bar with elapsed and remaining time, the latest figures, and the latest validation."""

    def __init__(self, stream: TextIO, *, steps: int | None):
        self.of = "" if steps is None else f"/{steps}"
        self.pace = Pace()
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(None), TimeElapsedColumn(), TimeRemainingColumn()
        )
        self.task = self.bar.add_task("training", total=1.0)
        self.figures, self.validation = "", ""
        self.text = Text()
        self.live = Live(Group(self.bar, self.text), console=Console(file=stream), refresh_per_second=4)

    def set_yardstick(self, yardstick: Yardstick | None) -> None:
        self.pace.yardstick = yardstick
        if yardstick is not None:
            self.note(yardstick.note)

    def tick(self, step: Step) -> None:
        self.pace.tick(step)
        self.bar.update(self.task, completed=step.progress, description=f"step {step.n}{self.of}")

    def log(self, step: Step) -> None:
        self.figures = str(step).split("  ", 1)[1] + self.pace.log(step)
        self.text.plain = f"{self.figures}{self.validation}".strip()

    def valid(self, n: int, loss: float, *, best: bool) -> None:
        self.validation = f"\nvalidation {loss:.3f}{' (best)' if best else ''}"
        self.text.plain = f"{self.figures}{self.validation}".strip()

    def note(self, text: str) -> None:
        self.live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.live.stop()


class Metrics:
    """metrics.jsonl: one JSON object a line, each with its `step`; flushed after every line."""

    def __init__(self, path: str | Path, *, resumed: int | None = None, records: int | None = None):
        """Start an empty file, or keep the first `records` lines up to step `resumed`: later steps will come again."""
        self.path = path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = [] if resumed is None else [record for record in read_metrics(path) if record["step"] <= resumed]
        kept = kept[:records]
        self.records = len(kept)
        write_whole(path, "".join(f"{json.dumps(record)}\n" for record in kept))
        self.file = path.open("a", encoding="utf-8")

    def write(self, **record: Any) -> None:
        """Append one record. An OSError names the file, which the error of a full disk does not."""
        try:
            self.file.write(f"{json.dumps(record, allow_nan=False)}\n")
            self.file.flush()
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from None
        self.records += 1

    def sync(self) -> None:
        """Sync the file to disk before a checkpoint that relies on it. Raises OSError if the file no longer exists."""
        try:
            there = os.path.samestat(os.fstat(self.file.fileno()), self.path.stat())
        except FileNotFoundError:
            there = False
        if not there:
            raise OSError(
                f"{self.path} is not there any more: its folder was moved, removed or replaced while the training "
                "went on; what was saved went with it"
            )
        os.fsync(self.file.fileno())

    def close(self) -> None:
        self.file.close()


def read_metrics(path: str | Path) -> list[dict[str, Any]]:
    """Read all records of a metrics.jsonl. An incomplete last line is left out; a missing file has no records."""
    path = Path(path)
    if not path.is_file():
        return []
    *whole, _cut = path.read_bytes().split(b"\n")
    records = []
    for number, line in enumerate(whole, 1):
        try:
            record = parse_json(line)
            if not _is_record(record):
                raise ValueError
        except ValueError:
            raise ValueError(f"{path}: line {number} is damaged; remove it") from None
        records.append(record)
    return records


def _is_record(record: Any) -> bool:
    """Whether this is an object whose step is an integer and whose other values are finite numbers or text."""
    if not isinstance(record, dict) or type(record.get("step")) is not int:
        return False
    losses = [record[name] for name in ("loss", "valid_loss") if name in record]
    return all(isinstance(value, int | float | str | None) for value in record.values()) and all(
        type(loss) is float and math.isfinite(loss) for loss in losses
    )
