"""nanoGPT's small GPT-2 for tiny Shakespeare, made modern one change at a time."""

from typing import Any

from groundup.comparisons.changes import changed
from groundup.comparisons.comparison import Comparison
from groundup.presets import preset
from groundup.recipes.recipe import Recipe, TextData, TextRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

# The recipe for a CPU in the README of https://github.com/karpathy/nanoGPT: 4 layers, width 128, context 64, batch 12,
# no dropout, no biases; a third of its steps.
QUOTED = TextRecipe(
    name="quoted",
    data=TextData(corpus="tinyshakespeare", valid=0.1, batch=12),
    tokenizer=TokenizerSettings(kind="characters"),
    model=preset("gpt2-tiny", vocab_size=65, context=64, width=128, layers=4, heads=4, bias=False),
    train=TrainSettings(
        steps=700,
        lr=1e-3,
        warmup=100,
        floor=0.1,
        beta2=0.99,
        validate_every=250,
        save_every=1000,
        log_every=50,
        keep=1,
    ),
)

# Each row keeps the changes of the rows above it.
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("quoted", {}),
    ("tuned-lr", dict(train=dict(lr=4e-3))),  # the best of 1, 2 and 4e-3 on validation
    ("rope", dict(model=dict(position="rotary"))),
    ("rms-norm", dict(model=dict(norm="rms"))),
    ("qk-norm", dict(model=dict(qk_norm=True))),
    ("relu2", dict(model=dict(mlp="relu2"))),
    ("zero-out", dict(model=dict(init="zero-out"))),
    ("untied", dict(model=dict(tied="none"))),
    ("muon", dict(train=dict(optimizer="muon", matrix_lr=0.02))),  # 0.04 was no better
    ("wsd", dict(train=dict(schedule="wsd", floor=0.0, decay=0.4))),
]


def modern() -> Comparison:
    """Make the ablation of ROWS, with the learning rate that was found for the second row."""
    return ablation("modern", QUOTED, ROWS, about="one change a row on top of all before, each with its gain")


def ablation(name: str, quoted: TextRecipe, rows: list[tuple[str, dict[str, Any]]], *, about: str) -> Comparison:
    """Make an ablation of cumulative changes to a recipe, each row with its own learning rate."""
    variants: dict[str, Recipe] = {}
    recipe: Recipe = quoted
    for row, changes in rows:
        recipe = changed(recipe, row, changes)
        variants[row] = recipe
    return Comparison(
        name=name,
        about=about,
        variants=variants,
        lrs=(quoted.train.lr,),
        untuned=tuple(variants),
        ablation=True,
        prompt="ROMEO:",
    )
