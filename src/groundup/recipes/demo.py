"""English to French on the built-in phrasebook: a complete translation training in three minutes on two CPU cores."""

from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

RECIPE = PairRecipe(
    name="demo",
    data=PairData(corpus="phrasebook-fr", phrasebook=80_000, valid=500, test=1000, batch_tokens=2048),
    tokenizer=TokenizerSettings(vocab_size=4000),
    model=preset(
        "transformer-tiny",
        vocab_size=4000,
        context=128,
        width=128,
        layers=2,
        encoder_layers=3,
        norm_first=True,
        position="rotary",
    ),
    # As many steps as it needs on any machine: 2.2 minutes on two quiet cores; a slow machine gets up to six.
    train=TrainSettings(steps=1300, lr=4e-3, warmup=100, floor=0.02, validate_every=300, save_every=600, log_every=100),
    max_minutes=6.0,
    show="translations",
)
