"""The same 124M and 10 billion tokens with what our ablations earned: rotary, QK-norm, ReLU², zero starts, Muon.

docs/results.md has the gain of each change at a small size. Changes without a gain are left out: the head is tied,
logits are not capped, the schedule is the cosine. This recipe was not run at this size. AdamW's rate is three times the
published one, as is usual when Muon trains the matrices; the weight decay is a tenth, because Muon's rate is much
larger.
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
