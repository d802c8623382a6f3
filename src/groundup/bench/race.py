"""Contestants in turn, A B C A B C ..., so that whatever else the machine does meanwhile falls on all of them alike."""

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
    """Who takes part: a job (see `worker`), its arguments, and the packages it cannot do without."""

    name: str
    job: str
    arguments: dict[str, Any]
    needs: tuple[str, ...] = ()
    threads: int | None = None
    """So many cores for all of its libraries; None leaves them alone."""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """What a contestant measured: facts from its setting up, one record a round; or why there are none."""

    facts: dict[str, Any] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    missing: str | None = None

    def median(self, key: str) -> float | None:
        """The median of the rounds; None where there is none."""
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
    """Every contestant's outcome by name. `fresh` gives each round a new process; otherwise one process a contestant
    lives through all of them, already warm. Missing packages and failures are outcomes too, and so is what has not
    answered after `limit` seconds of the whole race."""
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
    """A worker under way; leaving the context ends it."""

    def __init__(self, contestant: Contestant, until: float | None = None):
        self.until = until
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"} | contestant.environment
        if contestant.threads is not None:
            environment |= dict.fromkeys(THREADS, str(contestant.threads))
            environment["TOKENIZERS_PARALLELISM"] = "true" if contestant.threads > 1 else "false"
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "groundup.bench.worker"],  # -P: nothing of the folder we are in
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            start_new_session=True,  # so that what it starts ends with it
        )
        request = {"job": contestant.job, "arguments": contestant.arguments, "threads": contestant.threads}
        self._send(json.dumps(request))

    def go(self) -> None:
        """Ask for a round."""
        self._send("go")

    def answer(self) -> dict[str, Any]:
        """What the worker says next; a process that died says how, and one whose time is over is ended."""
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
        with contextlib.suppress(BrokenPipeError):  # a worker that died is found out when it should answer
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()

    def __enter__(self) -> "_Process":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self.process.communicate()
