"""GPT-2, GPT-3, LLaMA 1, 2 and 3 from one block, of equal size, with equal dropout, on tiny Shakespeare."""

from groundup.comparisons.comparison import Comparison
from groundup.presets import preset
from groundup.recipes.recipe import Recipe, TextData, TextRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

V, CONTEXT = 756, 128
# mlp_width makes the parameters agree within 1%: a head of its own and a gated layer are paid for there.
FAMILIES = {
    "gpt2": preset("gpt2-tiny", vocab_size=V, context=CONTEXT, mlp_width=512, dropout=0.1),
    "gpt3": preset("gpt3-tiny", vocab_size=V, context=CONTEXT, mlp_width=512, dropout=0.1),
    "llama": preset("llama-tiny", vocab_size=V, context=CONTEXT, mlp_width=296, dropout=0.1),
    "llama2": preset("llama2-tiny", vocab_size=V, context=CONTEXT, mlp_width=336, dropout=0.1),
    "llama3": preset("llama3-tiny", vocab_size=V, context=CONTEXT, mlp_width=336, dropout=0.1),
}


def five_families() -> Comparison:
    """The families as rows: 25 runs of a million tokens, one to three minutes each on one core."""
    train = TrainSettings(steps=1000, warmup=100, floor=0.05, validate_every=100, save_every=500, log_every=20, keep=1)
    variants: dict[str, Recipe] = {
        name: TextRecipe(
            name=name,
            data=TextData(corpus="tinyshakespeare", valid=0.1, batch=8),
            tokenizer=TokenizerSettings(vocab_size=V),
            model=model,
            train=train,
        )
        for name, model in FAMILIES.items()
    }
    return Comparison(
        name="five-families",
        about="GPT-2, GPT-3, LLaMA 1, 2 and 3 of equal size, dropout 0.1 alike",
        variants=variants,
        lrs=(1e-3, 2e-3, 4e-3),
        tolerance=0.02,
        prompt="ROMEO:",
    )
