"""Learn the replies of a small file by heart: a first check that model and training work."""

from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

RECIPE = PairRecipe(
    name="dialogue",
    task="dialogue",
    data=PairData(corpus="four-pairs", memorise=True),
    tokenizer=TokenizerSettings(vocab_size=400),
    model=preset("transformer-tiny", vocab_size=400, context=128, width=128, layers=2, encoder_layers=2),
    train=TrainSettings(
        steps=300, lr=2e-3, warmup=30, weight_decay=0.0, validate_every=50, save_every=150, log_every=25
    ),
    show="listing",
)
