"""`groundup train ... --size auto`: chosen once, written down, and no flag of the user's is overruled."""

import json
import re
from pathlib import Path

import pytest

from groundup.flow import sized
from groundup.plan.pace import Pace

AUTO = "--size auto --max-minutes 0.05 --train.threads 1".split()


@pytest.fixture
def measured(monkeypatch) -> list[str]:
    """The recipes that this machine was measured for; it is always as fast as a slow laptop."""
    asked = []

    def pace(recipe):
        asked.append(recipe.name)
        return Pace(((64, 70e9), (256, 200e9)), "1 thread")

    monkeypatch.setattr(sized, "measure_pace", pace)
    return asked


@pytest.fixture
def text(desk: Path) -> str:
    (desk / "longer.txt").write_text((desk / "text.txt").read_text() * 3)
    return "longer.txt"


def recipe(run: str) -> dict:
    return json.loads(Path("runs", run, "recipe.json").read_text())


def test_what_was_chosen_is_in_the_recipe_and_nothing_is_measured_again(cli, text, measured):
    said = cli("train", "corpus", text, *AUTO, "--name", "auto")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    why = lines[next(i for i, line in enumerate(lines) if line.startswith("size ")) :][:3]
    assert "kB of text" in why[0]
    assert "0.05 minutes on this machine (" in why[0]
    assert "GFLOP/s measured" in why[0]
    width, layers = recipe("auto")["model"]["width"], recipe("auto")["model"]["layers"]
    assert f"{layers} layers of width {width}" in why[1]
    assert f"dropout {recipe('auto')['model']['dropout']:g}" in why[2]
    assert recipe("auto")["train"]["optimizer"] == "muon"
    assert measured == ["auto"]
    assert cli("resume", "auto", "--max-minutes", "0.06").code == 0
    again = cli("train", "runs/auto/recipe.json", "--name", "again", "--train.steps", "3", "--train.warmup", "0")
    assert again.code == 0, again.err
    assert recipe("again")["model"] == recipe("auto")["model"]
    assert len(measured) == 1


def test_flags_of_the_user_win(cli, text, measured):
    said = cli(
        "train", "corpus", text, *AUTO, "--dry-run", "--model.width", "72", "--model.dropout=0.3", "--train.lr", "1e-3"
    )
    assert said.code == 0, said.err
    model, train = (json.JSONDecoder().raw_decode(said.out)[0][part] for part in ("model", "train"))
    assert (model["width"], model["dropout"], train["lr"]) == (72, 0.3, 1e-3)
    assert model["mlp_width"] == 192
    assert 72 % model["heads"] == 0
    assert not Path("runs", "corpus").exists()
    assert "layers of width 72" in said.out
    assert "dropout 0.3" in said.out


def test_pairs_are_sized_too(cli, desk, measured):
    said = cli("train", "translation", "pairs.tsv", "--data.valid", "8", "--data.test", "8", *AUTO, "--dry-run")
    assert said.code == 0, said.err
    found = json.JSONDecoder().raw_decode(said.out)[0]
    assert found["model"]["encoder_layers"] == found["model"]["layers"]
    assert re.search(r"size +\d+ pairs \(\d+ kB\)", said.out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("corpus text.txt --size large", "--size takes auto, not 'large'"),
        ("corpus text.txt --size", "--size needs a value"),
        ("corpus text.txt --size auto --preset gpt2-tiny", "--preset gpt2-tiny brings a model with its size"),
        ("corpus text.txt --size auto --init-from folder", "--init-from folder brings a model with its size"),
        ("gpt2-124m text.txt --size auto", "--size auto is for corpus, .* not for gpt2-124m"),
        ("dialogue talk.tsv --size auto", "--size auto is for .* not for dialogue"),
        (
            "corpus text.txt --size auto --train.steps 5 --train.warmup 0",
            "plans for minutes: .* leave out --train.steps",
        ),
        ("corpus text.txt --size auto --max-minutes None", "needs an end|plans for minutes"),
        ("corpus text.txt --size auto --max-minutes 0", r"max_minutes \(0\) must be a number above 0"),
        (
            "corpus text.txt --size auto --max-minutes 0.001",
            "which learns nothing; give at least --max-minutes 0",
        ),
        ("corpus tiny.txt --size auto", "at least 2,000 bytes to learn from, and there are [0-9]+"),
        ("corpus empty.txt --size auto", "empty"),
        ("corpus missing.txt --size auto", "missing.txt"),
        ("translation --size auto", "none is named"),
        ("corpus text.txt --size auto --model.widht 8", "unknown option --model.widht"),
    ],
)
def test_a_mistake_is_one_line(cli, desk, measured, arguments: str, message: str):
    (desk / "tiny.txt").write_text("Hello there.\n" * 9)
    (desk / "empty.txt").write_text("")
    said = cli("train", *arguments.split())
    assert said.code == 2, said
    assert re.search(message, said.err), said.err
    assert len(said.err.splitlines()) == 1
    assert not list(Path("runs").glob("corpus*"))
