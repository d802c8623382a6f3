"""GPT-2's smallest model (124M) on token shards, as its reproductions train it: 10 billion tokens of FineWeb-Edu.

The settings are those of GPT-3's small row (Brown et al. 2020, appendix B and table 2.1) as build-nanogpt and llm.c
take them. Make the shards first: groundup data prepare FOLDER --tokenizer gpt2. Of one big GPU it takes hours or days;
`groundup plan gpt2-124m` says how many.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from groundup.presets import preset
from groundup.recipes.recipe import TextData, TextRecipe, TokenizerSettings
from groundup.recipes.sample import write_sample
from groundup.recipes.watching import watch_text
from groundup.training.settings import TrainSettings

if TYPE_CHECKING:
    from groundup.run.text import TextRun

PROMPT = "Neural networks are"

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
)


def watch(run: "TextRun", step: int, say: Callable[[str], None]) -> dict[str, float]:
    """At every validation: a sample, and the share of a thousand HellaSwag questions that is answered right."""
    return watch_text(run, step, PROMPT, say=say, questions=1000)


def finish(run: "TextRun") -> None:
    """A passage by the model."""
    write_sample(run, PROMPT)
