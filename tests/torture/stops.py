"""SIGTERM and Ctrl-C: the first ends a training at its next step, saved; the second ends it at once."""

import os
import random
import shutil
import signal
import statistics
import time
from functools import partial
from pathlib import Path

from tiny import VARIANTS, Board, Row, as_command, differences, fork, newest, tiny_fit, until, wait, warm_up

INTERRUPTED = 130


def stops(count: int, folder: Path, *, seed: int = 0) -> list[Row]:
    """`count` signals at random moments, then `count` // 2 pairs, half of them in the middle of a save."""
    warm_up(folder)
    chance, board, names = random.Random(seed), Board(), list(VARIANTS)
    whole = {name: folder / f"whole-{name}" for name in names}
    seconds = {}
    for name in names:
        began = time.perf_counter()
        assert wait(fork(partial(tiny_fit, whole[name], VARIANTS[name]), folder / "complaint.txt")) == 0
        seconds[name] = time.perf_counter() - began
    grace, failures = [], []
    for trial in range(count):
        name, run, stderr = names[trial % len(names)], folder / "run", folder / "stderr.txt"
        child = begin(run, name, board, stderr)
        time.sleep(chance.uniform(0, seconds[name] / 2))
        took, code = stop(child, chance.choice((signal.SIGINT, signal.SIGTERM)))
        grace.append(took)
        said, at = stderr.read_text(), newest(run)
        if code not in (0, INTERRUPTED):
            failures.append(f"exit code {code}: {said}")
        elif code and f"stopped at step {at}, saved" not in said:
            failures.append(f"latest is step {at}, and it said {said!r}")
        failures += finish(run, whole[name], name, folder)
    note = f"until it is saved and gone: median {statistics.median(grace):.2f} s, longest {max(grace):.2f} s"
    details = {"grace": sorted(grace), "failures": failures}
    rows = [Row("e", "a signal: unsaved, or not resumed exactly", count, len(failures), note, details=details)]
    late, failures = [], []
    for trial in range(count // 2):
        name, run, stderr = names[trial % len(names)], folder / "run", folder / "stderr.txt"
        child = begin(run, name, board, stderr, slow=True)
        if trial % 2:
            until(lambda: board.read()[0] == "save")
        os.kill(child, signal.SIGTERM)
        time.sleep(chance.uniform(0, 0.05))
        took, code = stop(child, signal.SIGTERM)
        late.append(took)
        if code != INTERRUPTED:
            failures.append(f"exit code {code}: {stderr.read_text()}")
        failures += finish(run, whole[name], name, folder)
    note = f"from the second one: median {statistics.median(late):.2f} s, longest {max(late):.2f} s (a save: over 1 s)"
    details = {"seconds": sorted(late), "failures": failures}
    return [*rows, Row("e", "a second signal: not at once", count // 2, len(failures), note, details=details)]


def begin(run: Path, name: str, board: Board, stderr: Path, *, slow: bool = False) -> int:
    """A training in a child, as of its first step; `slow` makes each save last a second and more."""
    shutil.rmtree(run, ignore_errors=True)
    run.with_suffix(".batches").unlink(missing_ok=True)
    board.write("resume", -1)
    child = fork(partial(trained, run, name, board, stderr, slow), stderr.with_suffix(".complaint"))
    until(lambda: board.read()[1] >= 1)
    return child


def trained(run: Path, name: str, board: Board, stderr: Path, slow: bool) -> int:
    board.follow()
    if slow:
        os.fsync = lambda handle: time.sleep(0.15)
    return as_command(lambda: tiny_fit(run, VARIANTS[name], board=board), stderr)


def stop(child: int, number: int) -> tuple[float, int]:
    """Send a signal, and see how long the child takes to go, and with which exit code."""
    began = time.perf_counter()
    os.kill(child, number)
    code = wait(child)
    return time.perf_counter() - began, code


def finish(run: Path, whole: Path, name: str, folder: Path) -> list[str]:
    """Resume to the end; what differs then."""
    if code := wait(fork(partial(tiny_fit, run, VARIANTS[name]), folder / "complaint.txt")):
        return [f"resuming: exit code {code}: {(folder / 'complaint.txt').read_text()}"]
    return [f"{name}: {found}" for found in differences(whole, run)]
