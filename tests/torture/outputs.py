"""Outputs that die while a training goes on: a full log disk, a reader that is gone, streams that are closed."""

import errno
import os
import random
import shutil
import sys
from functools import partial
from pathlib import Path

from tiny import VARIANTS, Row, as_command, differences, fork, tiny_fit, wait, warm_up

from groundup.training.output import open_what_is_closed


class Dying:
    """A stream that fails from a certain write on."""

    def __init__(self, at: int, error: Exception):
        self.at, self.error, self.writes = at, error, 0

    def write(self, text: str) -> int:
        self.writes += 1
        if self.writes > self.at:
            raise self.error
        return len(text)

    def flush(self) -> None:
        if self.writes >= self.at:
            raise self.error

    def isatty(self) -> bool:
        return False


ERRORS = [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EIO, "Input/output error"),
    BrokenPipeError(errno.EPIPE, "Broken pipe"),
    ValueError("I/O operation on closed file"),
]


def outputs(count: int, folder: Path, *, seed: int = 0) -> Row:
    """`count` trainings whose log fails at a random line, or that begin without some of their standard streams."""
    warm_up(folder)
    chance, failures, names = random.Random(seed), [], list(VARIANTS)
    for name in names:
        assert wait(fork(partial(tiny_fit, folder / f"whole-{name}", VARIANTS[name]), folder / "complaint.txt")) == 0
    for trial in range(count):
        name, run, complaint = names[trial % len(names)], folder / "run", folder / "complaint.txt"
        shutil.rmtree(run, ignore_errors=True)
        run.with_suffix(".batches").unlink(missing_ok=True)
        complaint.unlink(missing_ok=True)
        at, error = chance.randrange(25), chance.choice(ERRORS)
        closed = [number for number in (0, 1, 2) if chance.random() < 0.5] if trial % 2 else []
        how = f"{name}: closed {closed}" if closed else f"{name}: {error!r} at line {at}"
        code = wait(fork(partial(train, run, name, closed, Dying(at, error), folder / "said.txt"), complaint))
        wrong = [f"exit code {code}: {complaint.read_text() if complaint.is_file() else ''}"] if code else []
        failures += [f"{how}: {problem}" for problem in wrong or differences(folder / f"whole-{name}", run)]
    what = "a dead output: the training ends, or differs"
    return Row("j", what, count, len(failures), "half of them closed streams", details={"failures": failures})


def train(run: Path, name: str, closed: list[int], report: Dying, said: Path) -> int:
    """In a child: the training, with what is closed closed as a shell does it."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    for number in closed:
        os.close(number)
        setattr(sys, ("stdin", "stdout", "stderr")[number], None)
    if not closed:
        return as_command(partial(tiny_fit, run, VARIANTS[name], report=report), said)
    open_what_is_closed()
    tiny_fit(run, VARIANTS[name], report=sys.stderr)
    return 0
