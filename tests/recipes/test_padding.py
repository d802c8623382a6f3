"""How much of what the recipes train on is padding, on their own corpora."""

from groundup.recipes import replies
from groundup.recipes.train_pairs import encode_pairs, read_splits, train_tokenizers


def test_long_contexts_with_short_replies_are_hardly_padded(data_dir):
    recipe = replies.RECIPE
    pairs = read_splits(recipe.data).train
    batches = encode_pairs(pairs, recipe, *train_tokenizers(recipe, pairs))
    assert batches.pairs > 7500
    assert batches.padding_share < 0.05
    assert recipe.train.accumulate * batches.pairs / len(batches) > 50  # pairs a step: not by ever smaller steps
