"""Ids are arrays from the encoder to the batch, and the same ids as lists would be."""

import numpy as np
import pytest
import torch

from groundup.data.batches import PairBatches, Rows
from groundup.data.pairs import Pair
from groundup.data.stream import ShardStream, TokenStream
from groundup.flow.pairs import SPECIALS, encode_pairs
from groundup.flow.parts import Tokenizers
from groundup.flow.text import encode_texts
from groundup.text.tokenizer import Tokenizer

TEXTS = ["a dog and a cat", "", "the dog", "日本 and the cats\n"]
MARKS = dict(pad=7, bos=8, eos=9, seed=0)


def test_texts_are_parted_by_the_end_of_text():
    tokenizer = Tokenizer.train_from_texts(TEXTS, 280, specials=("<|endoftext|>",))
    end = tokenizer.special_id("<|endoftext|>")
    ids = encode_texts(TEXTS, tokenizer)
    assert ids.dtype == np.int32
    assert ids.tolist() == [id for text in TEXTS for id in [*tokenizer.encode(text), end]]
    assert encode_texts(TEXTS[:1], tokenizer).tolist() == tokenizer.encode(TEXTS[0])


@pytest.mark.parametrize("kind", [Tokenizer.characters, Tokenizer.train_from_texts])
def test_both_sides_of_pairs(kind):
    size = (280,) if kind == Tokenizer.train_from_texts else ()
    tokenizers = Tokenizers(kind(TEXTS, *size, specials=SPECIALS), kind(TEXTS[::-1], *size, specials=SPECIALS))
    pairs = [Pair(one, other) for one, other in zip(TEXTS, TEXTS[::-1], strict=True)]
    for side, (rows, tokenizer) in enumerate(zip(encode_pairs(pairs, tokenizers), tokenizers, strict=True)):
        lists = [tokenizer.encode(pair[side]) for pair in pairs]
        assert rows.lengths.tolist() == [*map(len, lists)]
        assert rows.tokens == sum(map(len, lists))


def test_batches_of_arrays_are_those_of_lists():
    rng = np.random.default_rng(0)
    sides = [[rng.integers(10, 99, rng.integers(0, 9)).tolist() for _ in range(40)] for _ in range(2)]
    made = [PairBatches(*rows, budget=60, max_length=8, **MARKS) for rows in (sides, map(Rows.of, sides))]
    kept = sum(len(one) < 8 and len(other) < 8 for one, other in zip(*sides, strict=True))
    assert {one.pairs for one in made} == {kept}
    assert {one.dropped for one in made} == {40 - kept}
    found = []
    for lists, arrays in zip(*(one.fixed() for one in made), strict=True):
        assert torch.equal(lists.targets, arrays.targets)
        source, target, mask = arrays.inputs
        assert source is not None
        assert target is not None
        for row in range(len(source)):
            whole = source[row] if mask is None else source[row][mask[row]]
            learn = arrays.targets[row][arrays.targets[row] >= 0]
            assert whole[-1] == learn[-1] == 9
            assert target[row, : len(learn)].tolist() == [8, *learn[:-1].tolist()]
            found.append((whole[:-1].tolist(), learn[:-1].tolist()))
    assert sorted(found) == sorted(
        (one, other) for one, other in zip(*sides, strict=True) if len(one) < 8 and len(other) < 8
    )


@pytest.mark.parametrize("kind", [TokenStream, ShardStream])
def test_windows_dealt_in_smaller_batches_are_the_same_windows(kind):
    ids = np.arange(500, dtype=np.int32)
    stream = kind(ids if kind is TokenStream else [ids[:200], ids[200:]], length=10, batch=6, seed=3)
    small = stream.dealt(2)
    assert (stream.batch, small.batch) == (6, 2)
    many, few = small.batches(), stream.batches()
    for _ in range(20):
        whole = torch.cat([next(many).targets for _ in range(3)])
        assert torch.equal(whole, next(few).targets)
