"""German to English captions of pictures, with the published parts; also multi30k-en-de, multi30k-en-fr."""

import dataclasses

from groundup.recipes import fra_eng

RECIPE = dataclasses.replace(
    fra_eng.RECIPE,
    name="multi30k",
    # Its parts are as published (29,000, 1,014 and the 1,000 of test_2016_flickr): the counts of PairData are not used.
    data=dataclasses.replace(fra_eng.RECIPE.data, corpus="multi30k-de-en", valid=1014, test=1000),
    model=dataclasses.replace(fra_eng.RECIPE.model, dropout=0.3),
    train=dataclasses.replace(fra_eng.RECIPE.train, validate_every=250),
    max_minutes=20,
)
