"""Translation learnt from your own pairs: a .tsv or .jsonl file, or two line-aligned files."""

import dataclasses

from groundup.recipes import fra_eng

RECIPE = dataclasses.replace(
    fra_eng.RECIPE,
    name="translation",
    # No corpus: `train` asks for one.
    data=dataclasses.replace(fra_eng.RECIPE.data, corpus="", valid=None, test=None),
    max_minutes=10,
)
