"""A comparison of two tiny language models that takes a second a run."""

import dataclasses
import random
from pathlib import Path

import pytest

from groundup.comparisons.comparison import Comparison
from groundup.presets import preset
from groundup.recipes.recipe import TextData, TextRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

WORDS = "the cat sees a dog and old dogs like this house by the sea".split()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "text.txt"
    draw = random.Random(0)
    path.write_text("".join(" ".join(draw.choices(WORDS, k=6)) + ".\n" for _ in range(150)))
    return path


@pytest.fixture(scope="session")
def tiny(corpus: Path) -> Comparison:
    gpt = TextRecipe(
        name="gpt",
        data=TextData(corpus=str(corpus), valid=0.2, batch=4),
        tokenizer=TokenizerSettings(kind="characters"),
        model=preset("gpt2-tiny", vocab_size=22, context=16, width=16, layers=1, heads=2, mlp_width=64),
        train=TrainSettings(steps=8, warmup=1, validate_every=4, save_every=4, log_every=2, keep=1),
    )
    llama = preset("llama-tiny", vocab_size=22, context=16, width=16, layers=1, heads=2, mlp_width=43)
    return Comparison(
        name="tiny",
        about="two small ones",
        variants={"gpt": gpt, "llama": dataclasses.replace(gpt, name="llama", model=llama)},
        lrs=(1e-2,),
        seeds=(0, 1),
        tolerance=0.1,
        prompt="the ",
    )
