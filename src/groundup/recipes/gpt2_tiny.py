"""The recipe of gpt2-124m in small: any text or token shards, a few minutes on two cores."""

from groundup.presets import preset
from groundup.recipes.recipe import TextData, TextRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

RECIPE = TextRecipe(
    name="gpt2-tiny",
    data=TextData(corpus="stdlib", batch=16, valid_tokens=2**16),
    tokenizer=TokenizerSettings(vocab_size=4000, pattern="gpt2", pad=128),  # 4,096 rows
    model=preset("gpt2-tiny", vocab_size=4096, context=256),
    train=TrainSettings(
        steps=600,
        batch_tokens=2**13,
        lr=4e-3,
        schedule="cosine",
        warmup=30,
        floor=0.1,
        weight_decay=0.1,
        beta2=0.95,
        clip=1.0,
        validate_every=100,
        save_every=200,
        log_every=10,
    ),
    sample="",
    questions=100,
)
