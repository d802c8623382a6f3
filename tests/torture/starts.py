"""Ctrl-C while a program begins, imports, reads and saves for the first time: it ends, and says so in one line."""

import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tiny import Row

from groundup.training.checkpoint import saved_steps

TRAIN = (
    "train corpus text.txt --name r --model.width 16 --model.heads 2 --model.layers 1 --model.context 16 "
    "--data.batch 4 --tokenizer.kind characters --train.threads 1 --train.steps 40 --train.warmup 1 "
    "--train.validate-every 20 --train.save-every 4 --train.log-every 10 --max-minutes None"
).split()
PATIENCE = 60.0
"""Seconds after the signal at which a program that still runs has lost it."""


def starts(count: int, folder: Path, *, seed: int = 0) -> Row:
    """`count` trainings, each a new process, sent SIGINT at a random moment of what one takes undisturbed."""
    chance, outcomes, failures, took = random.Random(seed), dict[str, int](), [], []
    (folder / "text.txt").write_text("".join(f"{n}. one, two and {n * n}\n" for n in range(400)))
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "groundup", *TRAIN], cwd=folder, capture_output=True, check=True)
    seconds = time.perf_counter() - began
    for _ in range(count):
        shutil.rmtree(folder / "runs", ignore_errors=True)
        wait = chance.uniform(0, seconds)
        outcome, waited = once(folder, wait)
        took.append(waited)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if outcome.startswith("!"):
            failures.append(f"after {wait:.2f} s: {outcome[1:]}")
    note = ", ".join(f"{n} {outcome[:60]}" for outcome, n in outcomes.items())
    note += f"; gone after {statistics.median(took):.2f} s in the median, {max(took):.2f} s at most"
    return Row(
        "k",
        "Ctrl-C as a program begins: lost, or a traceback",
        count,
        len(failures),
        note,
        False,
        {"failures": failures},
    )


def once(folder: Path, wait: float) -> tuple[str, float]:
    """What came of one; "!" before what must not be."""
    process = subprocess.Popen(
        [sys.executable, "-m", "groundup", *TRAIN],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(wait)
    process.send_signal(signal.SIGINT)
    began = time.perf_counter()
    try:
        _, said = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return "!it went on", PATIENCE
    waited, code = time.perf_counter() - began, process.returncode
    run = folder / "runs" / "r"
    # -2: after the last line of `main`, while Python takes itself down and no longer answers signals.
    if code in (0, -signal.SIGINT) and (run / "results.json").is_file():
        return "over already", waited
    if "Traceback" in said and " in main\n" not in said:
        return "in the interpreter's own start", waited  # before the first line of `main`, Python speaks
    if code != 130 or "Traceback" in said:
        return f"!exit code {code}: {said[-400:]!r}", waited
    if "saved" in said:
        return ("saved" if saved_steps(run / "checkpoints") else f"!nothing is there: {said!r}"), waited
    if run.exists() and not saved_steps(run / "checkpoints"):
        return f"!half a run is left: {sorted(os.listdir(run))}", waited
    return "ended", waited
