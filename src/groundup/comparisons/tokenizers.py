"""One tokenizer for both languages or one for each, how large, with BPE-dropout or not, or words: judged by BLEU.

Every variant gets the same number of tokens, so a finer cut reads fewer sentences in its time. Two corpora, because a
small one of plain captions and a small one of everyday sentences need not agree.
"""

import dataclasses
from functools import partial

from groundup.comparisons.comparison import Comparison
from groundup.presets import preset
from groundup.recipes.multi30k import RECIPE
from groundup.recipes.recipe import PairData, PairRecipe, Recipe, TokenizerSettings

# Two vocabularies of 4,000 have as many rows to learn as a shared one of 8,000.
ROWS = {
    "shared-2000": TokenizerSettings(vocab_size=2000),
    "shared-4000": TokenizerSettings(vocab_size=4000),
    "shared-8000": TokenizerSettings(vocab_size=8000),
    "separate-4000": TokenizerSettings(vocab_size=4000, shared=False),
    "shared-4000-dropout": TokenizerSettings(vocab_size=4000, dropout=0.1),
    "words-8000": TokenizerSettings(vocab_size=8000, kind="words", shared=False),
}


def tokenizers(corpus: str, *, name: str) -> Comparison:
    """Compare the rows on one corpus with small models and little dropout, since trainings are short."""
    train = dataclasses.replace(RECIPE.train, steps=800, average=200, validate_every=200, keep=1)
    variants: dict[str, Recipe] = {
        row: PairRecipe(
            name=row,
            data=PairData(corpus=corpus, valid=1000, test=1000, batch_tokens=2048),
            tokenizer=tokenizer,
            model=preset("seq2seq-tiny", vocab_size=tokenizer.vocab_size, width=128, mlp_width=512, dropout=0.1),
            train=train,
        )
        for row, tokenizer in ROWS.items()
    }
    return Comparison(
        name=name,
        about=f"tokenizers for {corpus}: shared or separate, small or large, with BPE-dropout, words",
        variants=variants,
        lrs=(train.lr,),
        untuned=tuple(variants),
        tolerance=1.0,  # the size of a vocabulary is what is compared
    )


multi30k = partial(tokenizers, "multi30k-de-en", name="tokenizers-multi30k")
en_it = partial(tokenizers, "tatoeba-en-it", name="tokenizers-en-it")
