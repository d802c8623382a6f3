"""English to French on real sentences: the Tatoeba pairs of manythings.org."""

from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

RECIPE = PairRecipe(
    name="fra-eng",
    data=PairData(corpus="fra-eng", valid=2000, test=2000, batch_tokens=4096),
    tokenizer=TokenizerSettings(vocab_size=8000),
    model=preset("seq2seq-small"),
    train=TrainSettings(lr=2e-3, warmup=400, floor=0.02, smoothing=0.1, validate_every=500, save_every=1000),
    max_minutes=20,
)
