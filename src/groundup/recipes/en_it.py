"""English to Italian on Tatoeba's sentences, or on those of the European Parliament: europarl-en-it."""

import dataclasses

from groundup.recipes import fra_eng

RECIPE = dataclasses.replace(
    fra_eng.RECIPE,
    name="en-it",
    data=dataclasses.replace(fra_eng.RECIPE.data, corpus="tatoeba-en-it", valid=1000, test=1000),
    model=dataclasses.replace(fra_eng.RECIPE.model, dropout=0.3),
    train=dataclasses.replace(fra_eng.RECIPE.train, validate_every=250),
    max_minutes=15,
)
