"""A translator and a language model, trained for a second by the recipes' own flows, in memory."""

from pathlib import Path

import pytest

from groundup.flow.train import train
from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TextData, TextRecipe, TokenizerSettings
from groundup.run.folder import RunFolder
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun
from groundup.training.settings import TrainSettings

NUMBERS = {"one": "uno", "two": "due", "three": "tre", "four": "quattro", "five": "cinque", "six": "sei"}
THINGS = {"cats": "gatti", "dogs": "cani", "rooms": "stanze", "old books": "vecchi libri", "red cars": "auto rosse"}
PAIRS = [
    (f"{number} {thing} and {other}.", f"{NUMBERS[number]} {THINGS[thing]} e {THINGS[other]}.")
    for number in NUMBERS
    for thing in THINGS
    for other in THINGS
]
TRAIN = TrainSettings(steps=150, lr=5e-3, warmup=10, validate_every=75, save_every=75, log_every=75, threads=1)
SMALL = dict(width=64, heads=2, layers=1, mlp_width=128)


def silent(line: str) -> None:
    pass


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workshop")
    (folder / "pairs.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS))
    (folder / "text.txt").write_text("".join(f"{source} {target} è così\n" for source, target in PAIRS))
    return folder


@pytest.fixture(scope="session")
def translator(workshop: Path) -> PairRun:
    recipe = PairRecipe(
        name="translator",
        data=PairData(corpus=str(workshop / "pairs.tsv"), valid=10, test=10, batch_tokens=512),
        tokenizer=TokenizerSettings(vocab_size=300),
        model=preset("transformer-tiny", vocab_size=300, context=64, encoder_layers=1, **SMALL),
        train=TRAIN,
    )
    return train(recipe, RunFolder(workshop / "runs" / "translator"), say=silent)


@pytest.fixture(scope="session")
def writer(workshop: Path) -> TextRun:
    recipe = TextRecipe(
        name="writer",
        data=TextData(corpus=str(workshop / "text.txt"), batch=4),
        tokenizer=TokenizerSettings(vocab_size=300),
        model=preset("llama3-tiny", vocab_size=300, context=48, **SMALL | dict(mlp_width=96, kv_heads=1)),
        train=TRAIN,
    )
    return train(recipe, RunFolder(workshop / "runs" / "writer"), say=silent)
