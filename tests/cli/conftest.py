"""The command line as a person meets it: `main` is called here, and one small run of each kind lies ready."""

import hashlib
import io
import os
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from groundup.cli.main import main

WHO = {"I": "io", "you": "tu", "we": "noi", "they": "loro"}
VERBS = {"see": "vede", "eat": "mangia", "like": "ama", "buy": "compra"}
THINGS = {"the dog": "il cane", "the bread": "il pane", "the house": "la casa", "the sea": "il mare", "it all": "tutto"}
PAIRS = [
    (f"{who} {verb} {thing}.", f"{WHO[who]} {VERBS[verb]} {THINGS[thing]}.")
    for who, verb, thing in product(WHO, VERBS, THINGS)
]
TALK = [
    ("Hello!", "Good morning to you."),
    ("Who are you?", "A very small model."),
    ("Is it raining?", "Only in the hills."),
    ("Good night.", "Sleep well, my friend."),
]
TEXT = "".join(f"{number}. {english} {italian}\n" for number, (english, italian) in enumerate(PAIRS))

SMALL = (
    "--model.width 64 --model.heads 2 --model.layers 1 --model.mlp-width 128 --train.warmup 5 --train.threads 1 "
    "--train.lr 5e-3 --max-minutes None"
).split()
PAIR_MODEL = [*SMALL, *"--model.encoder-layers 1 --tokenizer.vocab-size 300 --data.batch-tokens 512".split()]
PAIR_DATA = "--data.valid 8 --data.test 8".split()
BY_CHARACTERS = [*SMALL, *"--model.context 32 --data.batch 4 --tokenizer.kind characters".split()]
TEXT_MODEL = [*SMALL, *"--model.context 32 --tokenizer.vocab-size 300 --data.batch 4".split()]


def steps(number: int, every: int | None = None) -> list[str]:
    every = every or number
    said = f"--train.steps {number} --train.validate-every {every} --train.save-every {every} --train.log-every {every}"
    return said.split()


class Said(NamedTuple):
    code: int
    out: str
    err: str


Cli = Callable[..., Said]


def write_data(folder: Path) -> None:
    (folder / "pairs.tsv").write_text("".join(f"{english}\t{italian}\n" for english, italian in PAIRS))
    (folder / "pairs.en").write_text("".join(f"{english}\n" for english, _ in PAIRS))
    (folder / "pairs.it").write_text("".join(f"{italian}\n" for _, italian in PAIRS))
    (folder / "talk.tsv").write_text("".join(f"{said}\t{reply}\n" for said, reply in TALK))
    (folder / "text.txt").write_text(TEXT)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data and, under runs/: translator, talker, writer and speller (characters)."""
    folder = tmp_path_factory.mktemp("trained")
    write_data(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        main(["train", "translation", "pairs.tsv", "--name", "translator", *PAIR_MODEL, *PAIR_DATA, *steps(80, 40)])
        main(["train", "dialogue", "talk.tsv", "--name", "talker", *PAIR_MODEL, *steps(120)])
        main(["train", "corpus", "text.txt", "--name", "writer", *TEXT_MODEL, *steps(40, 20)])
        main(["train", "corpus", "text.txt", "--name", "speller", *BY_CHARACTERS, *steps(40)])
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def home(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work beside the trained runs; what is there belongs to every test, so none may change it."""
    monkeypatch.chdir(trained)
    return trained


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder of one's own, with the data in it."""
    write_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run `groundup ARGUMENTS` and give what it said."""

    def call(*arguments: str, stdin: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = 0
        try:
            main(arguments)
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Said(code, *capsys.readouterr())

    return call


@pytest.fixture
def complaint(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run what is a mistake, and give the one line it costs: exit code 2, no traceback, and not a byte lost or left."""

    def train(*_, **__):
        raise AssertionError("a mistake that was to be refused is trained on")

    def call(*arguments: str, stdin: str = "") -> str:
        before = contents(Path.cwd())
        with monkeypatch.context() as patch:
            patch.setattr("groundup.training.fit.train", train)
            said = cli(*arguments, stdin=stdin)
        assert said.code == 2
        lines = [line for line in said.err.splitlines() if not line.startswith(("training on", "step 0 "))]
        assert len(lines) == 1, said.err
        assert lines[0].startswith("groundup: ")
        assert contents(Path.cwd()) == before
        return lines[0].removeprefix("groundup: ")

    return call


def contents(folder: Path) -> dict[str, str]:
    """Every file below the folder with its SHA-256, and every folder but runs/ itself."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "a folder"
        for path in folder.rglob("*")
        if path != folder / "runs"
    }


@pytest.fixture
def beginner(desk: Path) -> Path:
    """A translator that has learnt for a moment only, in the `desk`."""
    main(["train", "translation", "pairs.tsv", "--name", "beginner", *PAIR_MODEL, *PAIR_DATA, *steps(12)])
    return desk / "runs" / "beginner"
