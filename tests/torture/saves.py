"""A save that fails or dies at any of its calls: a whole checkpoint always remains, and the next save is as ever."""

import errno
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from faults import CRASHED, Faults, How
from tiny import Row, fork, same, wait

from groundup.training.checkpoint import load_checkpoint, read_checkpoint, save_checkpoint, saved_steps
from groundup.training.sharded import find_whole

WAYS: tuple[tuple[str, How, int], ...] = (
    ("no space left", "fails", errno.ENOSPC),
    ("input/output error", "fails", errno.EIO),
    ("read-only", "full", errno.EROFS),
    ("disk stays full", "full", errno.ENOSPC),
    ("crash", "crashes", 0),
)
SYSTEM_CALLS = (
    "openat,write,pwrite64,ftruncate,mkdir,rename,renameat,renameat2,unlink,unlinkat,rmdir,fsync,chmod,fchmodat"
)


@dataclass(frozen=True)
class Save:
    """What is saved: its content is a function of step and version, so that what is loaded can be told."""

    step: int
    version: int = 0
    best: bool = False
    keep: int = 2

    def __call__(self, folder: Path) -> None:
        save_checkpoint(folder, self.step, **self.what())

    def what(self, cut: Callable[[torch.Tensor], torch.Tensor] = lambda whole: whole) -> dict[str, Any]:
        """The content, each tensor cut by a function."""
        return {
            "model": {"w": cut(torch.full((3, 2), float(self.step + self.version)))},
            "optimizer": {
                "state": {0: {"exp_avg": cut(torch.arange(6.0) + self.version)}},
                "param_groups": [{"lr": self.step / 1000, "params": [0]}],
            },
            "state": {"step": self.step, "version": self.version, "best": self.best},
            "unaveraged": {"w": cut(torch.full((3, 2), -float(self.step)))},
            "best": self.best,
            "keep": self.keep,
        }

    def is_in(self, folder: Path, which: str) -> bool:
        found = load_checkpoint(folder, which)  # type: ignore[arg-type]
        return self.is_what_was_read(found)

    def is_what_was_read(self, found: object) -> bool:
        return (
            found.step == self.step  # type: ignore[attr-defined]
            and found.state == {"step": self.step, "version": self.version, "best": self.best}
            and same(found.model["w"], torch.full((3, 2), float(self.step + self.version)))  # type: ignore[attr-defined]
            and same(found.optimizer["state"][0]["exp_avg"], torch.arange(6.0) + self.version)
            and same(found.unaveraged["w"], torch.full((3, 2), -float(self.step)))
        )


SCENES: dict[str, tuple[tuple[Save, ...], Save]] = {
    "the first of all": ((), Save(100, best=True)),
    "the next": ((Save(100, best=True),), Save(200)),
    "a better one, the old go": ((Save(100, best=True), Save(200), Save(300)), Save(400, best=True, keep=1)),
    "the same step again": ((Save(100),), Save(100, version=1, best=True)),
    "the best step again": ((Save(100, best=True),), Save(100, version=1)),
    "back to an older step": ((Save(100), Save(300, best=True), Save(400)), Save(200)),
}
"""What is there already, and the save that goes wrong."""


def saves(folder: Path, *, every: int = 1) -> list[Row]:
    """Every call of every scene in every way; `every` n-th call only."""
    starts = {scene: prepared(before, folder / f"start-{n}") for n, (scene, (before, _)) in enumerate(SCENES.items())}
    calls = {scene: count(starts[scene], save, folder) for scene, (_, save) in SCENES.items()}
    rows = []
    for name, how, error in WAYS:
        tried, failures = 0, []
        for scene, (before, save) in SCENES.items():
            for at in range(0, calls[scene], every):
                run = copied(starts[scene], folder / "run")
                faults = Faults(at=at, how=how, error=error)
                code = wait(fork(partial(attempt, faults, save, run), folder / "complaint.txt"))
                tried += 1
                wrong = complaint(code, folder, CRASHED) + judge(run, before, save, finished=code == 0)
                failures += [f"{scene}, call {at}, {name}: {problem}" for problem in wrong]
        note = f"{len(SCENES)} scenes of {min(calls.values())} to {max(calls.values())} calls"
        rows.append(Row("b", f"save, each call: {name}", tried, len(failures), note, details={"failures": failures}))
    return rows


def prepared(before: tuple[Save, ...], start: Path) -> Path:
    """A folder with what is there already."""
    start.mkdir()
    for earlier in before:
        earlier(start)
    return start


def copied(start: Path, run: Path) -> Path:
    """The same anew; a folder with nothing in it is not even there."""
    shutil.rmtree(run, ignore_errors=True)
    if any(start.iterdir()):
        shutil.copytree(start, run)
    return run


def complaint(code: int, folder: Path, died: int) -> list[str]:
    """What is wrong with how a child ended: well, by an error that names the folder, or as it was told to die."""
    return [] if code in (0, 2, died) else [(folder / "complaint.txt").read_text().strip().splitlines()[-1]]


def system_calls(folder: Path, *, every: int = 1) -> list[Row]:
    """The same one floor lower, where strace is: kill -9 or an error at every n-th system call that concerns files."""
    if shutil.which("strace") is None:
        return [Row("b", "save, each system call", 0, 0, "skipped: there is no strace here")]
    rows = []
    for name, what in (("kill -9", "signal=KILL"), ("no space left", "error=ENOSPC")):
        tried, failures = 0, []
        for scene, (before, save) in SCENES.items():
            start = folder / f"strace-{len(rows)}-{scene}"
            prepared(before, start)
            for at in range(0, 10_000, every):
                run = copied(start, folder / "run")
                log = folder / "strace.txt"
                child = fork(partial(attempt_traced, save, run), folder / "complaint.txt")
                inject = ("-e", f"inject={SYSTEM_CALLS}:{what}:when={at}") if at else ()
                command = ["strace", "-qq", "-o", str(log), "-p", str(child), "-e", f"trace={SYSTEM_CALLS}", *inject]
                tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
                code = wait(child)
                tracer.wait()
                if at == 0:  # number 0 only counts
                    number = len(log.read_text().splitlines())
                tried += at > 0
                wrong = complaint(code, folder, -signal.SIGKILL) + judge(run, before, save, finished=code == 0)
                failures += [f"{scene}, system call {at}, {name}: {problem}" for problem in wrong]
                if at + every > number:
                    break
        rows.append(
            Row("b", f"save, each system call: {name}", tried, len(failures), "strace", details={"failures": failures})
        )
    return rows


def attempt_traced(save: Callable[[Path], None], run: Path) -> int:
    """In a child: wait for strace, then save."""
    until = time.monotonic() + 10
    while not _traced():
        if time.monotonic() > until:
            raise TimeoutError("strace did not come")
        time.sleep(0.001)
    return attempt(Faults(), save, run, install=False)


def _traced() -> bool:
    try:
        return "TracerPid:\t0\n" not in Path("/proc/self/status").read_text()
    except OSError:  # the failure that strace was told to make struck this look: it is there
        return True


def count(start: Path, save: Callable[[Path], None], folder: Path) -> int:
    """How many calls the save makes where nothing goes wrong."""
    run, told = copied(start, folder / "counted"), folder / "calls.json"

    def counted() -> int:
        faults = Faults()
        faults.install()
        save(run)
        calls = list(faults.calls)
        told.write_text(json.dumps(calls))
        return 0

    assert wait(fork(counted, folder / "complaint.txt")) == 0, (folder / "complaint.txt").read_text()
    return len(json.loads(told.read_text()))


def attempt(faults: Faults, save: Callable[[Path], None], run: Path, *, install: bool = True) -> int:
    """In a child: 0 where the save went through, 2 where it said what failed and where, 1 for anything else."""
    if install:
        faults.install()
    try:
        save(run)
    except OSError as error:
        if str(run) not in str(error) or "\n" in str(error):
            raise ValueError(f"no line that names the folder: {error}") from error
        return 2
    return 0


def judge(run: Path, before: tuple[Save, ...], save: Save, *, finished: bool) -> list[str]:
    """What is wrong after a save that failed."""
    wrong = []
    last = before[-1] if before else None
    best = next((earlier for earlier in reversed(before) if earlier.best), None)
    if last is not None or finished:
        try:
            new = save.is_in(run, "latest")
            if not new and (last is None or finished or not last.is_in(run, "latest")):
                wrong.append("latest is neither the old nor the new checkpoint")
            expected = (save if save.best or (best and best.step == save.step) else best) if new else best
            if expected is not None and not expected.is_in(run, "best"):
                wrong.append(f"best is not that of step {expected.step} version {expected.version}")
        except (ValueError, OSError) as error:
            wrong.append(f"not loaded: {error}")
    try:
        found = read_checkpoint(*find_whole(run)[:2])
        if not any(one.is_what_was_read(found) for one in (*before, save)):
            wrong.append("what is resumed is none of those saved")
    except (ValueError, OSError) as error:
        if last is not None or finished:
            wrong.append(f"nothing to resume: {error}")
    after = Save(500, best=False, keep=1)
    try:
        after(run)
        if not after.is_in(run, "latest"):
            wrong.append("the next save is not the latest")
        steps = saved_steps(run)
        names = {path.name for path in run.iterdir()}
        if names - {"latest", "best"} != {f"step-{step:08d}" for step in steps}:
            wrong.append(f"leftovers: {names}")
        if (run / "best").exists():
            load_checkpoint(run, "best")
            kept = {500, load_checkpoint(run, "best").step}
        else:
            kept = {500}
        if set(steps) != kept:
            wrong.append(f"steps {steps} are kept, not {kept}")
    except (ValueError, OSError) as error:
        wrong.append(f"the next save: {error}")
    return wrong
