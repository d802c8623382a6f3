"""Run contestants in turn, A B C A B C ..., so that other work on the machine slows all of them equally."""

import contextlib
import importlib.util
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

INSTALL = "not installed: pip install 'groundup[bench]'"
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Contestant:
    """One contestant: a job (see `worker`), its arguments, and the packages that it needs."""

    name: str
    job: str
    arguments: dict[str, Any]
    needs: tuple[str, ...] = ()
    threads: int | None = None
    """The number of cores for all of its libraries; None does not limit them."""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """The results of a contestant: facts from its set-up and one record for each round, or why there are none."""

    facts: dict[str, Any] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    missing: str | None = None

    def median(self, key: str) -> float | None:
        """Return the median of this value over the rounds, or None if no round has it."""
        values = [record[key] for record in self.rounds if record.get(key) is not None]
        return statistics.median(values) if values else None


def race(
    contestants: Sequence[Contestant],
    *,
    rounds: int,
    fresh: bool = False,
    limit: float | None = None,
    say: Callable[[str], None],
) -> dict[str, Outcome]:
    """Run all rounds, and return every contestant's outcome by name.

    fresh: start a new process for each round; otherwise a contestant's process runs all its rounds and is warm. Missing
    packages, failures, and no answer within `limit` seconds of the whole race are outcomes, too.
    """
    until = None if limit is None else time.monotonic() + limit
    outcomes = {contestant.name: Outcome() for contestant in contestants}
    with contextlib.ExitStack() as stack:
        running: dict[str, _Process] = {}
        for contestant in contestants:
            outcome = outcomes[contestant.name]
            if any(importlib.util.find_spec(package) is None for package in contestant.needs):
                outcome.missing = INSTALL
            elif not fresh:
                say(f"{contestant.name}: setting up")
                running[contestant.name] = stack.enter_context(_Process(contestant, until))
                _answer(running[contestant.name], outcome, setting_up=True)
        for n in range(1, rounds + 1):
            for contestant in contestants:
                outcome = outcomes[contestant.name]
                if outcome.missing is not None:
                    continue
                say(f"{contestant.name}: round {n} of {rounds}")
                if not fresh:
                    running[contestant.name].go()
                    _answer(running[contestant.name], outcome)
                    continue
                with _Process(contestant, until) as process:
                    _answer(process, outcome, setting_up=True)
                    if outcome.missing is None:
                        process.go()
                        _answer(process, outcome)
    return outcomes


def _answer(process: "_Process", outcome: Outcome, *, setting_up: bool = False) -> None:
    answer = process.answer()
    if "failed" in answer:
        outcome.missing = f"failed: {answer['failed']}"
    elif setting_up:
        outcome.facts = answer
    else:
        outcome.rounds.append(answer)


class _Process:
    """A running worker process; leaving the context ends it."""

    def __init__(self, contestant: Contestant, until: float | None = None):
        self.until = until
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"} | contestant.environment
        if contestant.threads is not None:
            environment |= dict.fromkeys(THREADS, str(contestant.threads))
            environment["TOKENIZERS_PARALLELISM"] = "true" if contestant.threads > 1 else "false"
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "groundup.bench.worker"],  # -P: import nothing from the current folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            start_new_session=True,  # so that its own child processes end with it
        )
        request = {"job": contestant.job, "arguments": contestant.arguments, "threads": contestant.threads}
        self._send(json.dumps(request))

    def go(self) -> None:
        """Ask the worker for one round."""
        self._send("go")

    def answer(self) -> dict[str, Any]:
        """Return the worker's next answer. If it died, the answer says how; if its time is over, it is ended."""
        assert self.process.stdout is not None
        watch = None if self.until is None else threading.Timer(max(0.0, self.until - time.monotonic()), self._end)
        if watch is not None:
            watch.start()
        line = self.process.stdout.readline()
        if watch is not None:
            watch.cancel()
        if line:
            return json.loads(line)
        over = self.until is not None and time.monotonic() >= self.until
        return {"failed": "took too long" if over else f"its process ended with exit code {self.process.wait()}"}

    def _end(self) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def _send(self, line: str) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `answer` reports a worker that died
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()

    def __enter__(self) -> "_Process":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self.process.communicate()
