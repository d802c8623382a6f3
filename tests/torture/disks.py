"""A disk that is full or read-only: one line that names the folder, exit code 2, and everything saved before stands.

Where a process may have mounts of its own (root, or user namespaces), the disk is a tmpfs of some kilobytes that is
really full; elsewhere the errors are injected by `faults`.
"""

import ctypes
import errno
import json
import os
import random
import shutil
from functools import partial
from pathlib import Path

from faults import Faults
from tiny import VARIANTS, Row, as_command, differences, fork, newest, tiny_fit, wait, warm_up

NEW_MOUNTS, NEW_USER = 0x20000, 0x10000000
READ_ONLY, REMOUNT, BIND, PRIVATE, ALL_BELOW = 1, 32, 4096, 1 << 18, 1 << 14


def disks(count: int, folder: Path, *, seed: int = 0) -> list[Row]:
    """`count` trainings each on a disk that gets full, or read-only, at a random moment; then it is mended."""
    warm_up(folder)
    whole = folder / "whole"
    assert wait(fork(partial(tiny_fit, whole, VARIANTS["adamw"]), folder / "complaint.txt")) == 0
    real, chance = may_mount(folder), random.Random(seed)
    rows = []
    for what, trial in (("full disk", full), ("read-only folder", read_only)):
        failures: list[str] = []
        for _ in range(count):
            run, told = folder / "run", folder / "told.json"
            shutil.rmtree(run, ignore_errors=True)
            told.unlink(missing_ok=True)
            run.with_suffix(".batches").unlink(missing_ok=True)
            child = fork(partial(trial, run, whole, told, chance.random(), real), folder / "complaint.txt")
            if wait(child):
                failures.append((folder / "complaint.txt").read_text().strip().splitlines()[-1])
            else:
                failures += json.loads(told.read_text())
        how = "a real one (tmpfs, bind mount)" if real else "injected errors"
        rows.append(
            Row("d", f"{what}: state lost or unclear", count, len(failures), how, details={"failures": failures})
        )
    return rows


def full(run: Path, whole: Path, told: Path, share: float, real: bool) -> int:
    """In a child: train on a disk with too little room, look at what is left, make room, go on to the end."""
    run.mkdir()
    ballast = run / "ballast"
    if real:
        own_mounts()
        mount("none", run, "tmpfs", 0, "size=1m")
        ballast.write_bytes(bytes(2**20 - 4096 * (4 + int(36 * share))))
        code = as_command(lambda: tiny_fit(run, VARIANTS["adamw"]), said(told))
    else:
        faults = Faults(at=10 + int(300 * share), how="full", error=errno.ENOSPC)

        def train() -> None:
            faults.install()
            tiny_fit(run, VARIANTS["adamw"])

        code = wait(fork(lambda: as_command(train, said(told)), told.with_suffix(".complaint")))
    wrong = unclear(code, run, said(told))
    ballast.unlink(missing_ok=True)
    return ended(run, whole, told, wrong)


def read_only(run: Path, whole: Path, told: Path, share: float, real: bool) -> int:
    """In a child: the folder of the checkpoints becomes read-only at some step."""
    checkpoints, at = run / "checkpoints", 5 + int(30 * share)
    checkpoints.mkdir(parents=True)
    if real:
        own_mounts()
        mount(str(checkpoints), checkpoints, None, BIND)

    def before(n: int) -> None:
        if n == at:
            if real:
                mount("none", checkpoints, None, REMOUNT | BIND | READ_ONLY)
            else:
                checkpoints.chmod(0o555)

    code = as_command(lambda: tiny_fit(run, VARIANTS["adamw"], before=before), said(told))
    wrong = unclear(code, run, said(told))
    if real:
        mount("none", checkpoints, None, REMOUNT | BIND)
    else:
        checkpoints.chmod(0o755)
    return ended(run, whole, told, wrong)


def said(told: Path) -> Path:
    return told.with_suffix(".stderr")


def unclear(code: int, run: Path, stderr: Path) -> list[str]:
    """What is wrong with how the command ended."""
    line, wrong = stderr.read_text(), []
    if code != 2:
        wrong.append(f"exit code {code}: {line}")
    if str(run) not in line or line.count("\n") != 1:
        wrong.append(f"the folder is not named in one line: {line!r}")
    return wrong


def ended(run: Path, whole: Path, told: Path, wrong: list[str]) -> int:
    """Go on, on a disk that is well again, and compare."""
    before = newest(run)
    tiny_fit(run, VARIANTS["adamw"])
    if found := differences(whole, run):
        wrong.append(f"resumed from step {before}, it differs in {found}")
    told.write_text(json.dumps(wrong))
    return 0


def may_mount(folder: Path) -> bool:
    """Whether a child may have a small disk of its own."""

    def attempt() -> int:
        place = folder / "attempt"
        place.mkdir()
        own_mounts()
        mount("none", place, "tmpfs", 0, "size=64k")
        return 0

    return wait(fork(attempt, folder / "no-mounts.txt")) == 0


def own_mounts() -> None:
    """Let this process have mounts that nobody else sees and that end with it. OSError where it may not."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW_MOUNTS | (NEW_USER if user else 0))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    mount("none", Path("/"), None, ALL_BELOW | PRIVATE)


def mount(source: str, place: Path, kind: str | None, flags: int, options: str | None = None) -> None:
    words = [None if word is None else word.encode() for word in (source, str(place), kind, options)]
    _call("mount", *words[:3], ctypes.c_ulong(flags), words[3])


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
