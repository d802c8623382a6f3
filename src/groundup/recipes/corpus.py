"""Any text: a file, a folder or a named corpus; byte pairs, then a language model."""

from groundup.presets import preset
from groundup.recipes.recipe import TextData, TextRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

RECIPE = TextRecipe(
    name="corpus",
    data=TextData(corpus="stdlib", valid=0.1, batch=16),
    tokenizer=TokenizerSettings(vocab_size=4000),
    model=preset("llama-tiny", vocab_size=4000, context=128, width=256, layers=4, heads=4, mlp_width=688, dropout=0.1),
    train=TrainSettings(lr=2e-3, warmup=100, floor=0.05, validate_every=250, save_every=500, log_every=50),
    max_minutes=10,
    sample="",
)
