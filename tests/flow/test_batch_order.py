"""A run that goes on with other batches than it was begun with says so, in one line; one that does not, does not."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from groundup.flow.train import train as flow
from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TextData, TextRecipe, TokenizerSettings
from groundup.run.folder import RunFolder
from groundup.training.settings import TrainSettings

SMALL = dict(vocab_size=300, width=16, layers=1, heads=2, mlp_width=32)
TRAIN = TrainSettings(steps=2, warmup=0, validate_every=2, save_every=1, log_every=1, threads=1)
LINES = [f"{'so ' * (n % 9)}number {n}" for n in range(60)]


@pytest.fixture
def go(tmp_path: Path):
    """Train a recipe on to so many steps; gives the warnings."""
    (tmp_path / "pairs.tsv").write_text("".join(f"{line}\t{line} too\n" for line in LINES))
    (tmp_path / "text.txt").write_text("\n".join(LINES))
    tokenizer = TokenizerSettings(vocab_size=270)
    pairs = PairRecipe(
        name="pairs",
        data=PairData(corpus=str(tmp_path / "pairs.tsv"), valid=5, test=5, batch_tokens=256),
        tokenizer=tokenizer,
        model=preset("transformer-tiny", context=64, encoder_layers=1, **SMALL),
        train=TRAIN,
    )
    text = TextRecipe(
        name="text",
        data=TextData(corpus=str(tmp_path / "text.txt"), batch=4),
        tokenizer=tokenizer,
        model=preset("gpt2-tiny", context=16, **SMALL),
        train=TRAIN,
    )

    def call(name: str, steps: int | None = None, **changes) -> list[str]:
        folder, said = RunFolder(tmp_path / name), []
        recipe = {"pairs": pairs, "text": text}[name] if steps is None else folder.recipe()
        train = dataclasses.replace(recipe.train, steps=steps or 2, **changes)
        flow(dataclasses.replace(recipe, train=train), folder, resume=steps is not None, say=said.append)
        return [line for line in said if "warning" in line]

    return call


@pytest.mark.parametrize("name", ["pairs", "text"])
def test_the_same_order_needs_no_word(go, name):
    assert go(name) == []
    assert go(name, 3) == []


@pytest.mark.parametrize("old", [None, "[]", "{"])
def test_a_run_without_a_record_needs_none_either(go, tmp_path, old):
    assert go("pairs") == []
    kept = (tmp_path / "pairs" / "batches.json").read_text()
    (tmp_path / "pairs" / "batches.json").unlink()
    if old is not None:
        (tmp_path / "pairs" / "batches.json").write_text(old)
    assert go("pairs", 3) == []
    assert (tmp_path / "pairs" / "batches.json").read_text() == kept


def test_pairs_that_are_planned_otherwise(go, tmp_path, monkeypatch):
    go("pairs")
    before = json.loads((tmp_path / "pairs" / "batches.json").read_text())["epoch"]

    def other(S, T, *, budget):
        return np.array_split(np.argsort(T), min(25, len(T)))

    monkeypatch.setattr("groundup.data.batches.rectangles", other)
    (warning,) = go("pairs", 3)
    assert f"another order of batches ({before} an epoch, now 25)" in warning
    assert "goes on from step 2 " in warning
    assert go("pairs", 4) == [], "the new order is the one it is held to"


def test_as_many_batches_in_another_order(go):
    go("text")
    (warning,) = go("text", 3, seed=5)
    assert "an epoch as before)" in warning
