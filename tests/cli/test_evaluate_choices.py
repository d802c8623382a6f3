"""Multiple choice from the command line's side: figures with intervals, named faults, refusals in one line."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from groundup.cli.evaluate_choices import find, judge_choices
from groundup.run.load import load


@dataclass(frozen=True)
class Options:
    run: str
    choices: str
    limit: int | None = None
    harness: bool = False


def write(path: Path, number: int = 30) -> Path:
    """The right ending is a line of the text that `writer` was trained on, the wrong one is noise."""
    lines = [
        {"ctx": f"{n}. I see", "endings": ["the dog.", "zq xj vvv kk qqq."][:: 1 - 2 * (n % 2)], "label": n % 2}
        for n in range(number)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def test_a_trained_model_finds_its_own_text_likelier(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = write(tmp_path / "mine.jsonl")
    path.write_text(path.read_text() + "nonsense\n")
    run = load("writer")
    results = judge_choices(run, Options("writer", str(path)))
    assert [result.metric for result in results] == ["acc", "acc_norm", "acc_norm_token"]
    assert results[0].value > 90
    assert (results[0].size, results[0].unit) == (30, "questions")
    assert 0 < (results[0].margin or 0) < 12
    assert f"{path}: line 31" in capsys.readouterr().err
    assert judge_choices(run, Options("writer", str(path), limit=7))[0].size == 7
    as_there = judge_choices(run, Options("writer", str(path), harness=True))
    assert as_there[0].value > 90
    assert "lm-evaluation-harness" in as_there[0].signature
    assert "float32" in as_there[0].signature


@pytest.mark.parametrize(
    "flags",
    [
        "--split test",
        "--split validation",
        "--num-beams 3",
        "--all-references",
        "--lowercase",
        "--teacher-forced",
        "--worst 10",
        "--data text.txt",
    ],
)
def test_what_questions_have_no_use_for_is_refused(home: Path, complaint, flags: str):
    message = complaint("evaluate", "writer", "--choices", "q.jsonl", *flags.split())
    assert message == f"--choices asks one run questions of their own: leave {flags.split()[0]} out"
    assert "leave the second run (speller) out" in complaint("evaluate", "writer", "speller", "--choices", "q.jsonl")


def test_mistakes_are_refused(home: Path, tmp_path: Path, complaint, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "mine.jsonl", 2)
    with pytest.raises(ValueError, match="talker is a dialogue run; --choices asks language models"):
        judge_choices(load("talker"), Options("talker", str(path)))
    assert "--harness is a way to put the --choices" in complaint("evaluate", "writer", "--harness")
    with pytest.raises(ValueError, match=r"limit \(0\) must be at least 1"):
        judge_choices(load("writer"), Options("writer", str(path), limit=0))
    monkeypatch.setenv("GROUNDUP_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"GROUNDUP_DATA/hellaswag/hellaswag_val.jsonl, and is not there"):
        find("hellaswag")
