"""How much of what the recipes train on is padding, on their own corpora."""

from groundup.flow.pairs import encode_pairs, plan_batches, read_splits, train_tokenizers
from groundup.recipes import replies


def test_long_contexts_with_short_replies_are_hardly_padded(data_dir):
    recipe = replies.RECIPE
    pairs = read_splits(recipe.data).train
    tokenizers = train_tokenizers(recipe, pairs)
    batches = plan_batches(recipe, tokenizers, *encode_pairs(pairs, tokenizers))
    assert batches.pairs > 7500
    assert batches.padding_share < 0.05
    assert recipe.train.accumulate * batches.pairs / len(batches) > 50  # pairs a step: not by ever smaller steps
