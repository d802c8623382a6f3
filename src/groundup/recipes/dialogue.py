"""Utterance and reply, learnt by heart from a small file: if a model cannot do this, nothing else will work."""

from typing import TYPE_CHECKING

from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

if TYPE_CHECKING:
    from groundup.run.pairs import PairRun

RECIPE = PairRecipe(
    name="dialogue",
    task="dialogue",
    data=PairData(corpus="four-pairs", memorise=True),
    tokenizer=TokenizerSettings(vocab_size=400),
    model=preset("transformer-tiny", vocab_size=400, context=128, width=128, layers=2, encoder_layers=2),
    train=TrainSettings(
        steps=300, lr=2e-3, warmup=30, weight_decay=0.0, validate_every=50, save_every=150, log_every=25
    ),
)


def finish(run: "PairRun") -> None:
    """Source, target and what the model answers, one under the other."""
    from groundup.recipes.judge import readable
    from groundup.recipes.train_pairs import read_splits

    pairs = readable(run, read_splits(run.recipe.data).test)[:10]
    print("\n========================TEST========================")
    for title, lines in (
        ("source", [pair.source for pair in pairs]),
        ("target", [pair.target for pair in pairs]),
        ("predict", run.translate([pair.source for pair in pairs])),
    ):
        print(f">>>>> {title} text", *lines, sep="\n")
