"""GPT-2's smallest model (124M) on token shards, as its reproductions train it: 10 billion tokens of FineWeb-Edu.

The settings are those of GPT-3's small row (Brown et al. 2020, appendix B and table 2.1), as build-nanogpt and llm.c
use them. Make the shards first: groundup data prepare FOLDER --tokenizer gpt2. On one big GPU it takes hours or days;
`groundup plan gpt2-124m` says how many.
"""

from groundup.presets import preset
from groundup.recipes.recipe import TextData, TextRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

RECIPE = TextRecipe(
    name="gpt2-124m",
    data=TextData(corpus="shards/fineweb-edu-10b", batch=64, valid_tokens=20 * 64 * 1024),
    tokenizer=TokenizerSettings(vocab_size=50_257, pattern="gpt2", pad=128),  # 50,304 rows
    model=preset("gpt2", vocab_size=50_304),
    train=TrainSettings(
        steps=19_073,
        batch_tokens=2**19,
        lr=6e-4,
        schedule="cosine",
        warmup=715,
        floor=0.1,
        weight_decay=0.1,
        beta2=0.95,
        clip=1.0,
        precision="bfloat16",
        validate_every=250,
        save_every=5000,
        log_every=10,
    ),
    sample="Neural networks are",
    questions=1000,
)
