"""Trainings beside each other, each in a process of its own, which ends when its standard input is closed.

So none is left behind, whatever becomes of the process that started it. What a training says goes into its log.
"""

import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from groundup.comparisons.trials import Outcome, read_outcome
from groundup.machine import cores
from groundup.run.own_code import place_of
from groundup.training.precision import choose_device

LOG = "training.log"


def shared_out(device: str, runs: int, jobs: int | None = None) -> tuple[int, int]:
    """How many runs at a time, and the threads of each. On a CPU, many runs of one thread do more than one of many."""
    if jobs is None:
        jobs = min(cores(), runs) if choose_device(device).type == "cpu" else 1
    jobs = max(1, min(jobs, runs))
    return jobs, max(1, cores() // jobs)


def start(module: str, folder: Path, *arguments: str, threads: int) -> subprocess.Popen:
    """Start `python -m module folder ...`, whose output is added to the log in the folder."""
    with (folder / LOG).open("a", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(folder), *arguments],  # -P: nothing of the folder we are in
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
            start_new_session=True,  # Ctrl-C is for the process that conducts
        )


def outcome_of(folder: Path, process: subprocess.Popen) -> Outcome:
    """What became of a training whose process has ended. ValueError where it left no outcome."""
    assert process.stdin is not None
    process.stdin.close()
    if (outcome := read_outcome(folder)) is None:
        raise failure(folder, process)
    return outcome


def failure(folder: Path, process: subprocess.Popen) -> ValueError:
    """The error of a process that ended without a result: the last line of its log."""
    log = (folder / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
    said = next((line for line in reversed(log) if line.strip()), f"exit code {process.returncode}")
    return ValueError(f"{folder}: the training failed ({said}); all it said is in {LOG} there")


@contextmanager
def stopping(running: Mapping[Any, subprocess.Popen]) -> Iterator[None]:
    """Leave no training behind, however this ends: ask each to save itself, and wait for it."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt("stopped; give the same command again to go on where it was") from None
    finally:
        for process in running.values():
            assert process.stdin is not None
            process.stdin.close()
        for process in running.values():
            try:
                process.wait(timeout=60)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                process.kill()


def as_process(work: Callable[[], Any]) -> None:
    """Do the work of such a process: it saves everything and ends when its standard input is closed."""
    stop_with_input()
    try:
        work()
    except Exception as error:
        if (place := place_of(error)) is None:
            raise
        traceback.print_exc()
        sys.exit(f"{place}: {type(error).__name__}: {error}")  # the last line, which `failure` repeats


def stop_with_input() -> None:
    """Turn the end of standard input into SIGTERM, which saves a training and ends it."""

    def watch() -> None:
        while os.read(0, 1024):  # not sys.stdin: a thread waiting in it makes Python fail at its exit
            pass
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
