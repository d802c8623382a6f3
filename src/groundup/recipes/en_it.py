"""English to Italian on Tatoeba's sentences, or on those of the European Parliament: europarl-en-it."""

import dataclasses

from groundup.recipes import multi30k

RECIPE = dataclasses.replace(
    multi30k.RECIPE,
    name="en-it",
    data=dataclasses.replace(multi30k.RECIPE.data, corpus="tatoeba-en-it", valid=1000, test=1000),
    max_minutes=15,
)
