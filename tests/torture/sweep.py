"""Calls made by a grammar over all verbs, and changed runs, Hub folders and shards: no traceback, no hang, no bomb.

    python tests/torture/sweep.py [--scale 1.0] [--seed 0]

Each call is a child of one warm process. What it costs is counted in processor time, so a busy machine changes nothing.
"""

import argparse
import contextlib
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import torch
from sealed import change as change_checkpoint
from sealed import changed
from tiny import Row

from groundup.cli import main as main_module

SECONDS, BYTES = 30, 4 * 10**9
ROOM = 8 * 10**9
"""Bytes a child may take before the system refuses it more: the machine belongs to others, too."""
LONG = {"demo", "bench", "serve", "tune"}
"""Verbs that work for minutes, or wait for somebody, when nothing is wrong: only asked for help or nonsense here."""
SMALL = (
    "--model.width 16 --model.heads 2 --model.layers 1 --model.context 16 --data.batch 2 --train.threads 1 "
    "--train.steps 2 --train.warmup 1 --train.validate-every 2 --train.save-every 2 --max-minutes None"
).split()
MINE = """
import dataclasses
import groundup as gu

RECIPE = dataclasses.replace(gu.find_recipe("corpus"), name="mine", own={"gate": True})
COMPARISON = {"one": {}, "two": {"own": {"gate": False}}}

def model(config, gate):
    return gu.CausalLM(config)
"""
VALUES = [
    *("0 1 2 -1 1.5 1e9 1000000 100000000 99999999999999999999999 nan inf -inf None True x".split()),
    *("", " ", "-", "--", "²", "é", "a b", "../x", "/dev/zero", "/dev/null", ".", "/", "runs", "[]", "{}", "\ud800"),
    *("text.txt pairs.tsv deep.json empty noise.bin writer hub shards latest best float32 cpu greedy".split()),
    *("mine.py model.width own.gate runs/writer/recipe.json".split()),
]
NAMES = "writer runs/writer nobody . .. / text.txt pairs.tsv hub shards deep.json empty noise.bin runs fra-eng".split()
NAMES.append("mine.py")


def sweep(count: int, mutations: int, folder: Path, *, seed: int = 0) -> list[Row]:
    """`count` calls by the grammar, then `mutations` changed runs, Hub folders and shards with calls that read them."""
    chance = random.Random(seed)
    with working_in(folder):
        prepare(folder)
        grammar = Grammar(chance)
        rows = [report("a call of any kind", (grammar.call() for _ in range(count)), folder)]
        rows.append(report("a changed run, Hub folder or shard", changed_things(mutations, folder, chance), folder))
    return rows


def prepare(folder: Path) -> None:
    """Data, strange files, a run, a Hub folder and shards, made once."""
    torch.set_num_threads(1)
    (folder / "text.txt").write_text("".join(f"{n}. one, two and {n * n}\n" for n in range(400)))
    (folder / "pairs.tsv").write_text("".join(f"the {n} dogs\tles {n} chiens\n" for n in range(200)))
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "empty").touch()
    (folder / "noise.bin").write_bytes(random.Random(0).randbytes(5000))
    (folder / "mine.py").write_text(MINE)
    tokenizer = "--tokenizer.vocab-size 270".split()
    for arguments in (
        ["train", "corpus", "text.txt", "--name", "writer", *SMALL, *tokenizer],
        ["export", "writer", "--out", "hub"],
        ["data", "prepare", "text.txt", "--out", "shards", "--tokenizer", "runs/writer/tokenizer.json"],
    ):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            try:
                main_module.main(arguments)
            except SystemExit as end:
                if end.code:
                    raise RuntimeError(f"{arguments}: {said.getvalue()}") from None


class Grammar:
    """Calls that are nearly right: a verb, names where names belong, options that it has, values of any kind."""

    def __init__(self, chance: random.Random):
        self.chance, self.options = chance, dict[str, list[str]]()
        for verb in main_module.VERBS:
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit, ValueError):
                main_module.main([verb, *(["corpus"] if verb == "train" else []), "--help"])
            self.options[verb] = sorted(set(re.findall(r"--[a-z][\w.-]+", said.getvalue()))) or ["--help"]

    def call(self) -> list[str]:
        chance = self.chance
        verb = chance.choice([*main_module.VERBS, "data", "tokenizer", "nonsense", ""])
        if verb in LONG:
            return [verb, chance.choice(["--help", "--nonsense", *VALUES])] + ["--x"] * chance.randrange(1, 3)
        rest = [chance.choice(NAMES if chance.random() < 0.8 else VALUES) for _ in range(chance.randrange(3))]
        if verb == "data":
            rest.insert(0, chance.choice("list show check prepare x".split()))
        if verb == "tokenizer":
            rest.insert(0, chance.choice("encode decode compare show x".split()))
        if verb == "train":
            rest = [
                chance.choice("corpus translation gpt2-tiny shakespeare-char nonsense mine.py noise.bin".split()),
                *rest,
                "--dry-run",
            ]
        if verb == "compare":
            rest = [*rest[:2], "--dry-run"]
        for _ in range(chance.randrange(4)):
            rest.append(chance.choice(self.options.get(verb, ["--help"])))
            if chance.random() < 0.8:
                rest.append(chance.choice(VALUES))
        return [verb, *(word for word in rest if word != "--overwrite")]


def changed_things(count: int, folder: Path, chance: random.Random) -> Iterator[list[str]]:
    """Change something, yield a call that reads it, and put it right again."""
    for _ in range(count):
        kind = chance.choice(["run", "run", "checkpoint", "hub", "shards"])
        whole = {"hub": folder / "hub", "shards": folder / "shards"}.get(kind, folder / "runs" / "writer")
        target = folder / "runs" / "spoilt" if whole.parent.name == "runs" else folder / f"{kind}-spoilt"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(whole, target)
        if kind == "checkpoint":
            change_checkpoint(sorted((target / "checkpoints").glob("step-*"))[-1], chance)
        else:
            files = [path for path in target.rglob("*") if path.is_file() and path.suffix != ".png"]
            spoil(chance.choice(sorted(files)), chance)
        calls = {
            "hub": [["train", "corpus", "text.txt", "--init-from", "hub-spoilt", "--dry-run"]],
            "shards": [["data", "check", "shards-spoilt"], ["train", "corpus", "shards-spoilt", *SMALL, "--dry-run"]],
        }
        of_a_run = [
            ["generate", "spoilt", "--max-new-tokens", "2"],
            ["evaluate", "spoilt"],
            ["export", "spoilt", "--out", "out"],
            ["compare", "writer", "spoilt"],
            ["resume", "spoilt", "--steps", "3"],
        ]
        yield chance.choice(calls.get(kind, of_a_run))
        shutil.rmtree(folder / "out", ignore_errors=True)


def spoil(file: Path, chance: random.Random) -> None:
    """Change a value of JSON, or bytes of anything; now and then leave nothing, or put something else there."""
    content = file.read_bytes()
    if file.suffix in (".json", ".jsonl") and chance.random() < 0.7:
        with contextlib.suppress(ValueError):
            file.write_text(changed(json.loads(content), chance))
            return
    way = chance.randrange(4)
    if way == 0 or not content:
        file.write_bytes(b"")
    elif way == 1:
        file.write_bytes(content[: chance.randrange(len(content))])
    elif way == 2:
        file.unlink()
        file.mkdir()
    else:
        changed_bytes = bytearray(content)
        for _ in range(8):
            changed_bytes[chance.randrange(min(len(content), 500))] = chance.randrange(256)
        file.write_bytes(changed_bytes)


def report(what: str, calls: Iterator[list[str]], folder: Path) -> Row:
    """Make every call and count what must not be."""
    outcomes, failures, tried, most = Counter[str](), [], 0, 0
    for arguments in calls:
        outcome, held = outcome_of(arguments, folder / "said.txt")
        tried, most = tried + 1, max(most, held)
        outcomes[outcome.split(":")[0]] += 1
        if outcome.startswith(("traceback", "hang", "memory", "signal", "lines", "exit code")):
            failures.append(f"{' '.join(map(repr, arguments))}: {outcome}")
    note = f"at most {most / 1e9:.1f} GB; " + ", ".join(f"{n:,} {outcome}" for outcome, n in outcomes.most_common())
    return Row("s", f"{what}: traceback, hang, > 4 GB", tried, len(failures), note, details={"failures": failures})


def outcome_of(arguments: list[str], said: Path) -> tuple[str, int]:
    """What came of the call, and the most memory it held."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        in_child(arguments, said)
    timer = threading.Timer(600, os.kill, (child, signal.SIGKILL))  # for what waits and does not compute
    timer.start()
    _, status, used = os.wait4(child, 0)
    timer.cancel()
    code, text = os.waitstatus_to_exitcode(status), said.read_text(errors="replace")
    held = used.ru_maxrss * 1024
    errors = [line for line in text.splitlines() if line.startswith("groundup: ")]
    if code == -signal.SIGXCPU or code == -signal.SIGKILL:
        return f"hang: over {SECONDS} s", held
    sick = arguments[:1] == ["doctor"] and code == 1  # it has found something wrong
    if "Traceback" in text or (code == 1 and not sick):
        return f"traceback: {text[-400:]!r}", held
    if code < 0:
        return f"signal {-code}: {text[-200:]!r}", held
    if held > BYTES:
        return f"memory: {held / 1e9:.1f} GB", held
    if code == 2 and not errors:
        return f"lines: exit code 2 without one that says why: {text[-200:]!r}", held
    return {0: "fine", 1: "fine", 2: "refused", 130: "interrupted", 141: "cut off"}.get(
        code, f"exit code {code}: {text!r}"
    ), held


def in_child(arguments: list[str], said: Path) -> None:
    """Make the call with all that it prints going into the file; never returns."""
    code = 1
    try:
        nowhere, output = os.open(os.devnull, os.O_RDONLY), os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number, target in ((nowhere, 0), (output, 1), (output, 2)):
            os.dup2(number, target)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "rw"[n > 0], errors="replace") for n in (0, 1, 2))
        taken = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
        resource.setrlimit(resource.RLIMIT_CPU, (taken + SECONDS, taken + SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_DATA, (ROOM, ROOM))
        main_module.main(arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(code)


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 2,000 calls and 400 changes")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = sweep(
            round(2000 * arguments.scale), round(400 * arguments.scale), Path(folder).resolve(), seed=arguments.seed
        )
    for row in rows:
        print(f"{row.what}: {row.failed} of {row.tried}; {row.note}", *row.details["failures"], sep="\n  ")
    return int(any(row.failed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
