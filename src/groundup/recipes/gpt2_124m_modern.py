"""The same 124M and 10 billion tokens with what our ablations earned: rotary, QK-norm, ReLU², zero starts, Muon.

docs/results.md has what each of them gained at a small size. What gained nothing there, or lost, stays as it was: the
head is tied, logits are not capped, the schedule is the cosine. At this size none of it was run; AdamW's rate is three
times the published one, as those do who train the matrices with Muon, and the decay is a tenth, since Muon's rate is
so much larger.
"""

import dataclasses

from groundup.presets import preset
from groundup.recipes import gpt2_124m
from groundup.recipes.recipe import TextRecipe

PUBLISHED: TextRecipe = gpt2_124m.RECIPE
RECIPE = dataclasses.replace(
    PUBLISHED,
    name="gpt2-124m-modern",
    model=preset("modern", vocab_size=50_304, tied="head"),
    train=dataclasses.replace(PUBLISHED.train, optimizer="muon", lr=1.8e-3, matrix_lr=0.02, weight_decay=0.01),
)
