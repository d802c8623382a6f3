"""Two tokenizers of different sizes: each side must carry its own end and padding marks, in training as in use."""

import dataclasses

from groundup.data.marks import BOS, EOS, PAD
from groundup.data.pairs import Pair
from groundup.flow.complete import completed
from groundup.flow.pairs import encode_pairs, plan_batches, train_tokenizers
from groundup.recipes import fra_eng

PAIRS = [Pair("a b", "un deux trois quatre"), Pair("a b a b", "cinq six"), Pair("b", "sept huit neuf dix onze douze")]


def test_each_side_has_the_marks_of_its_own_vocabulary():
    recipe = fra_eng.RECIPE
    recipe = dataclasses.replace(recipe, tokenizer=dataclasses.replace(recipe.tokenizer, vocab_size=290, shared=False))
    tokenizers = source, target = train_tokenizers(recipe, PAIRS)
    assert source.vocab_size < target.special_id(PAD)  # the other side's marks would not even be rows of the embedding
    recipe = completed(recipe, source, target)
    (batch,) = plan_batches(recipe, tokenizers, *encode_pairs(PAIRS, tokenizers)).fixed()
    sources, targets_in, mask = batch.inputs
    assert sources is not None
    assert targets_in is not None
    assert mask is not None
    assert int(sources.max()) < source.vocab_size
    assert (sources[~mask] == source.special_id(PAD)).all()
    last = mask.sum(dim=1) - 1
    assert (sources.gather(1, last[:, None]) == source.special_id(EOS)).all()
    assert (targets_in[:, 0] == target.special_id(BOS)).all()
    assert ((batch.targets == target.special_id(EOS)).sum(dim=1) == 1).all()
