"""Tiny Shakespeare by characters: trained on the first nine tenths, tested on the last."""

from groundup.presets import preset
from groundup.recipes.recipe import TextData, TextRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

RECIPE = TextRecipe(
    name="shakespeare-char",
    data=TextData(corpus="tinyshakespeare", valid=0.1, batch=16),
    tokenizer=TokenizerSettings(kind="characters"),
    model=preset("modern-tiny", vocab_size=65, context=128, width=128, layers=4, heads=4, tied="head"),
    train=TrainSettings(
        lr=4e-3,
        optimizer="muon",
        matrix_lr=0.02,
        warmup=50,
        floor=0.05,
        beta2=0.99,
        validate_every=250,
        save_every=500,
    ),
    max_minutes=2,
    sample="ROMEO:",
)
