"""kill -9 at random moments: whatever a training was doing, it goes on to the very end that it would have had."""

import os
import random
import shutil
import signal
import time
from collections import Counter
from functools import partial
from itertools import count as count_up
from pathlib import Path

from tiny import VARIANTS, Board, Row, differences, fork, newest, tiny_fit, wait, warm_up


def kills(count: int, folder: Path, *, seed: int = 0, variants: tuple[str, ...] = tuple(VARIANTS)) -> Row:
    """At least `count` kills, in chains: a run is killed and resumed until it reaches its end, then compared.

    Between two kills lies a random time of up to a third of what the whole run takes.
    """
    chance, board = random.Random(seed), Board()
    whole, seconds = {}, {}
    warm_up(folder)
    for name in variants:
        whole[name], began = folder / f"whole-{name}", time.perf_counter()
        assert wait(fork(partial(tiny_fit, whole[name], VARIANTS[name]), folder / "complaint.txt")) == 0
        seconds[name] = time.perf_counter() - began
    during: Counter[str] = Counter()
    failures, chains, lost = [], 0, 0
    while during.total() < count:
        name = variants[chains % len(variants)]
        run, chains, settings = folder / f"run-{chains}", chains + 1, VARIANTS[name]
        for attempt in count_up():
            board.write("resume")
            child = fork(partial(train, run, name, board), folder / "complaint.txt")
            # Longer and longer, or a machine that is slow to resume would never come to an end.
            time.sleep(chance.uniform(0, seconds[name] / 3 * (1 + attempt / 20)))
            os.kill(child, signal.SIGKILL)
            if (code := wait(child)) != -signal.SIGKILL:
                break
            phase, step = board.read()
            during[phase] += 1
            lost = max(lost, step // settings.accumulate - newest(run))
        if code:
            failures.append(f"{name}: {(folder / 'complaint.txt').read_text()}")
        elif found := differences(whole[name], run):
            failures.append(f"{name}: {found}")
        else:
            shutil.rmtree(run)
    note = f"{chains} chains, {len(variants)} variants; " + ", ".join(f"{n} in {p}" for p, n in during.most_common())
    details = {"chains": chains, "during": dict(during), "most steps lost": lost, "failures": failures}
    return Row("a", "kill -9 and resume: bits that differ", during.total(), len(failures), note, details=details)


def train(folder: Path, name: str, board: Board) -> None:
    """In a child: to the end, or as far as it gets."""
    board.follow()
    tiny_fit(folder, VARIANTS[name], board=board)
