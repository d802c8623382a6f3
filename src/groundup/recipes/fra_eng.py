"""English to French on real sentences: the Tatoeba pairs of manythings.org.

Six times as many pairs as Multi30k, and shorter ones: the larger small model, little dropout, the same rates.
"""

import dataclasses

from groundup.presets import preset
from groundup.recipes import multi30k
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings

RECIPE = PairRecipe(
    name="fra-eng",
    data=PairData(corpus="fra-eng", valid=2000, test=2000, batch_tokens=4096),
    tokenizer=TokenizerSettings(vocab_size=8000),
    model=preset("seq2seq-small"),
    train=dataclasses.replace(multi30k.RECIPE.train, validate_every=500),
    max_minutes=60,
)
