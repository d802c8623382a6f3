"""Two tokenizers of different sizes: each side must carry its own end and padding marks, in training as in use."""

import dataclasses

from groundup.data.pairs import Pair
from groundup.recipes import fra_eng
from groundup.recipes.train_pairs import encode_pairs, train_tokenizers, with_vocabulary
from groundup.run.pairs import BOS, EOS, PAD

PAIRS = [Pair("a b", "un deux trois quatre"), Pair("a b a b", "cinq six"), Pair("b", "sept huit neuf dix onze douze")]


def test_each_side_has_the_marks_of_its_own_vocabulary():
    recipe = fra_eng.RECIPE
    recipe = dataclasses.replace(recipe, tokenizer=dataclasses.replace(recipe.tokenizer, vocab_size=290, shared=False))
    source, target = train_tokenizers(recipe, PAIRS)
    assert source.vocab_size < target.special_id(PAD)  # the other side's marks would not even be rows of the embedding
    recipe = with_vocabulary(recipe, source, target)
    (batch,) = encode_pairs(PAIRS, recipe, source, target).fixed()
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
