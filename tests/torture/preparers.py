"""Two `data prepare` into one folder at once, one of them sometimes killed: one writes, and what is there is whole."""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tiny import Row, fork, wait

from groundup.data.prepare import prepare
from groundup.data.shards import Shards
from groundup.text.tokenizer import Tokenizer

REFUSED = 2
"""The exit code of a child whose folder another one writes into."""


def preparers(count: int, folder: Path, *, seed: int = 0) -> Row:
    """`count` rounds of two processes that begin within a moment of each other; a third of the first ones is killed."""
    chance, failures, outcomes = random.Random(seed), [], dict[str, int]()
    source, tokenizer = folder / "documents.jsonl", folder / "tokenizer"
    texts = [f"{n}. the cat and {n * n} dogs" for n in range(6000)]
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    Tokenizer.train_from_texts(texts, 300, specials=("<|endoftext|>",)).save(tokenizer)
    began = time.perf_counter()
    whole = contents(write(source, tokenizer, folder / "whole"))
    seconds = time.perf_counter() - began
    for _ in range(count):
        out = folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        kill = chance.uniform(0, seconds) if chance.random() < 1 / 3 else None
        codes = together(partial(child, source, tokenizer, out), chance.uniform(0, seconds), kill, folder)
        if codes[1] != 0 and codes[0] != 0:  # the killed one wrote, and the other was refused: go on with its shards
            codes.append(wait(fork(partial(child, source, tokenizer, out), folder / "complaint.txt")))
        outcome = ", ".join(map(str, codes))
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if not set(codes) <= {0, REFUSED, -signal.SIGKILL} or 0 not in codes:
            complaint = folder / "complaint.txt"
            why = complaint.read_text().strip().splitlines()[-1] if complaint.exists() else ""
            failures.append(f"exit codes {outcome}: {why}")
        elif contents(out) != whole:
            failures.append(f"exit codes {outcome}, and other files: {sorted(os.listdir(out))}")
    note = "; ".join(f"{n} times {outcome}" for outcome, n in outcomes.items())
    return Row(
        "l",
        "two preparers at once: damaged, or both refused",
        count,
        len(failures),
        note,
        details={"failures": failures},
    )


def together(work: "partial[int]", pause: float, kill: float | None, folder: Path) -> list[int]:
    """The exit codes of two children, the second begun after the pause; the first is killed after `kill` seconds."""
    began, first = time.perf_counter(), fork(work, folder / "complaint.txt")
    time.sleep(pause)
    second = fork(work, folder / "complaint.txt")
    if kill is not None:
        time.sleep(max(0.0, kill - (time.perf_counter() - began)))
        os.kill(first, signal.SIGKILL)
    return [wait(first), wait(second)]


def child(source: Path, tokenizer: Path, out: Path) -> int:
    try:
        write(source, tokenizer, out)
    except ValueError as error:
        if "another process is writing into it" not in str(error):
            raise
        return REFUSED
    return 0


def write(source: Path, tokenizer: Path, out: Path) -> Path:
    prepare(source, Tokenizer.load(tokenizer), out, shard_tokens=10_000, valid_tokens=1000, workers=1)
    return out


def contents(out: Path) -> Mapping[str, bytes]:
    """The bytes of all files, after every SHA-256 was found as written."""
    Shards.open(out).check()
    return {path.name: path.read_bytes() for path in out.iterdir()}
