"""Replies in a conversation of several turns: DailyDialog++ and ChatterBot, or your own .jsonl or .tsv."""

import dataclasses

from groundup.presets import preset
from groundup.recipes import multi30k
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings

RECIPE = PairRecipe(
    name="replies",
    task="dialogue",
    # Two half batches in a step: a small batch finds contexts and replies of similar length more easily, which leaves
    # 4.8% padding instead of 7.7%.
    data=PairData(corpus="small-talk", valid=400, test=400, max_length=192, batch_tokens=1792),
    tokenizer=TokenizerSettings(vocab_size=4000),
    model=preset("seq2seq-tiny", context=192),
    train=dataclasses.replace(
        multi30k.RECIPE.train, accumulate=2, validate_every=100, save_every=500, average=200, patience=10
    ),
    max_minutes=12,
    show="conversations",
)
