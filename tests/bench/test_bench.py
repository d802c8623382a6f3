"""Each benchmark at a tiny size: every contestant has its row, the figures are those of the table, peers agree."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groundup.bench.race import INSTALL, Contestant, race
from groundup.bench.report import Table
from groundup.bench.translate_jobs import train_ours, train_theirs
from groundup.cli.main import main

TINY = "--layers 1 --width 32 --heads 2 --rounds 1 --precisions float32".split()
TEXT = "".join(f"{n}. The {n} dogs of the señora eat\n\n  their {7 * n} loaves; 狗吃面包 {n}!\n" for n in range(400))

Figures = dict[str, Any]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., tuple[str, Figures]]:
    """Run `groundup bench ARGUMENTS`; what it printed, and what it wrote."""

    def run(*arguments: str) -> tuple[str, Figures]:
        main(["bench", *arguments, "--json", str(tmp_path / "figures.json")])
        return capsys.readouterr().out, json.loads((tmp_path / "figures.json").read_text())

    return run


def test_tokenizer(bench, tmp_path: Path):
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    printed, figures = bench(
        "tokenizer", "--text", str(tmp_path / "text.txt"), *"--vocab-size 300 --megabytes 0.05 --rounds 1".split()
    )
    learning, encoding, first_use = figures["tables"]
    alone = [row for row in learning["rows"] if row["threads"] == 1]
    assert {row["contestant"] for row in alone} == {"ours", "ours, readable", "rustbpe", "tokenizers", "sentencepiece"}
    assert {row["contestant"] for row in encoding["rows"]} == {row["contestant"] for row in alone} | {"tiktoken"}
    assert len(first_use["rows"]) == 3
    assert "our merges: the same in all" in learning["title"]
    assert "DIFFERENT" not in encoding["title"]
    check(printed, learning["rows"], "s")
    check(printed, encoding["rows"], "list MB/s")


def test_train(bench):
    printed, figures = bench("train", *"--families llama --context 16 --batch 2 --matmul 64".split(), *TINY)
    rows = figures["tables"][0]["rows"]
    assert [row["contestant"] for row in rows] == ["ours", "transformers"]
    assert rows[0]["parameters"] == rows[1]["parameters"] > 2 * 65 * 32
    check(printed, rows, "tokens/s")
    for row in rows:
        assert row["tokens/s"] * row["ms/step"] == pytest.approx(1000 * 2 * 16)
        assert 0 < row["of peak"] < 1.5


def test_generate(bench):
    sizes = "--context 24 --prompt 8 --new 16 --vocab-size 65 --batches 1 3".split()
    printed, figures = bench("generate", "--families", "gpt2", *sizes, *TINY)
    rows = figures["tables"][0]["rows"]
    assert [(row["batch"], row["contestant"]) for row in rows] == [
        (batch, contestant) for batch in (1, 3) for contestant in ("ours", "ours, int8", "transformers")
    ]
    assert all(row["same tokens"] == 1 or row["contestant"] == "ours, int8" for row in rows)
    check(printed, rows, "tokens/s")


def test_translate(bench):
    pytest.importorskip("ctranslate2", reason="ctranslate2 is not installed")
    sizes = "--layers 1 --width 32 --heads 2 --rounds 1 --source 5 --target 8 --vocab-size 300".split()
    printed, figures = bench("translate", *sizes, *"--batches 3 1 --beams 1 2 --precisions".split())
    [translating] = figures["tables"]
    assert [(row["batch"], row["beams"], row["contestant"]) for row in translating["rows"]] == [
        (batch, beams, contestant)
        for batch in (3, 1)
        for beams in (1, 2)
        for contestant in ("ours", "ours, int8", "transformers", "ctranslate2", "ctranslate2, int8")
    ]
    for row in translating["rows"]:
        assert row["same tokens"] == 1 or row["contestant"].endswith("int8"), row
        assert row["tokens/s"] * row["ms/token"] == pytest.approx(1000 * row["batch"])
    check(printed, translating["rows"], "tokens/s")


def test_both_learn_to_translate():
    shape = dict(family="marian", layers=1, width=32, heads=2, context=16, vocab_size=300)
    for job in (train_ours, train_theirs):
        rounds = job(shape=shape, precision="float32", batch=2, length=6)
        assert next(rounds)["parameters"] > 3 * 300 * 32
        assert next(rounds)["seconds"] > 0


def test_attention(bench):
    printed, figures = bench("attention", "--lengths", "2048", "--window", "64", "--heads", "2", "--rounds", "1")
    rows = {row["contestant"]: row for row in figures["tables"][0]["rows"]}
    assert rows.keys() == {"banded", "dense mask", "causal, no window"}
    check(printed, list(rows.values()), "with gradient ms")
    assert rows["dense mask"]["with gradient ratio"] == 1
    assert figures["settings"]["lengths"] == [2048]
    assert figures["machine"]["cores"] >= 1
    assert figures["machine"]["versions"]["torch"] in printed


def check(printed: str, rows: list[Figures], figure: str) -> None:
    """Every row measured something, and stands in what was printed with all of its contestants."""
    assert rows
    for row in rows:
        assert not row["note"], row["note"]
        assert math.isfinite(row[figure])
        assert row[figure] > 0
        assert row["contestant"] in printed
    assert figure in printed


def test_contestants_take_turns_and_a_missing_peer_is_a_row(tmp_path: Path):
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    job = "groundup.bench.tokenizer_jobs:learn"
    work = {"contestant": "ours, readable", "path": str(tmp_path / "text.txt"), "vocab_size": 300, "threads": 1}
    said: list[str] = []
    outcomes = race(
        [
            Contestant("a", job, work),
            Contestant("nobody", job, work, needs=("no_such_package",)),
            Contestant("broken", job, work | {"path": "no-such-file.txt"}),
            Contestant("b", job, work),
        ],
        rounds=2,
        fresh=True,
        say=said.append,
    )
    turns = [line for line in said if not line.startswith("broken")]
    assert turns == [f"{name}: round {n} of 2" for n in (1, 2) for name in ("a", "b")]
    assert outcomes["nobody"].missing == INSTALL
    assert "no-such-file.txt" in str(outcomes["broken"].missing)
    assert len(outcomes["a"].rounds) == len(outcomes["b"].rounds) == 2
    assert outcomes["nobody"].median("seconds") is None
    seconds = sorted(record["seconds"] for record in outcomes["a"].rounds)
    assert seconds[0] <= (outcomes["a"].median("seconds") or 0) <= seconds[1]


def test_a_table_says_what_is_missing():
    rows = [{"contestant": "a", "s": 0.5, "note": None}, {"contestant": "b", "s": None, "note": INSTALL}]
    lines = str(Table("title", rows, {"s": ".2f"})).splitlines()
    assert lines[0] == "title"
    assert lines[2].split() == ["a", "0.50"]
    assert lines[3].split()[:2] == ["b", "-"]
    assert lines[3].endswith("pip install 'groundup[bench]'")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tokeniser"], "no benchmark 'tokeniser'; did you mean 'tokenizer'?"),
        (["generate", "--prompt", "500"], "prompt (500) and new tokens (128) do not fit the context (512)"),
        (["translate", "--beams", "0"], "beams (0) must be at least 1"),
        (["translate", "--beams"], "beams must be at least one number"),
        (["train", "--rounds", "0"], "rounds (0) must be at least 1; try --rounds 3"),
        (["train", "--families"], "--families needs a value, such as gpt2 llama"),
        (["attention", "--window", "0"], "window (0) must be at least 1; try --window 256"),
        (["attention", "--lengths", "512", "0"], "lengths (0) must be at least 1; try --lengths 512 1024 2048"),
        (["layers", "--tokens", "0"], "tokens (0) must be at least 1; leave --tokens out"),
        (["layers", "--vocab-size", "0"], "vocab_size (0) must be at least 1; leave --vocab-size out"),
        (["tokenizer", "--megabytes", "-1"], "megabytes (-1.0) must be at least 0.001; try --megabytes 10"),
        (
            ["attention", "--json", "nodir/x.json"],
            "nodir/x.json: there is no such folder; make it first: mkdir -p nodir",
        ),
        (["attention", "--json", "."], ".: a folder, and a file is needed"),
        (["tokenizer", "--text", "no-such-file.txt"], "no-such-file.txt"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stop:
        main(["bench", *arguments])
    assert stop.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
