"""BPE-dropout in training: the same texts cut otherwise, a pure function of (seed, n), with whole masks and marks."""

import dataclasses
from itertools import islice

import pytest
import torch

from groundup.data.batches import IGNORE
from groundup.data.pairs import Pair
from groundup.recipes import fra_eng
from groundup.recipes.recipe import TokenizerSettings
from groundup.recipes.redrawn import RedrawnBatches
from groundup.recipes.train_pairs import cut_anew, encode_pairs, train_tokenizers, with_vocabulary
from groundup.run.pairs import BOS, EOS, PAD

PAIRS = [
    Pair(f"the {a} dog {b} the bread", f"le chien {a} qui {b} le pain")
    for a in ("old", "big", "wonderful") for b in ("eats", "likes", "remembers", "sells")
] * 3  # fmt: skip


def made(dropout: float, *, shared: bool = True, max_length: int = 64):
    recipe = fra_eng.RECIPE
    tokenizer = dataclasses.replace(recipe.tokenizer, vocab_size=330, dropout=dropout, shared=shared)
    data = dataclasses.replace(recipe.data, max_length=max_length, batch_tokens=2 * max_length + 60)
    recipe = dataclasses.replace(recipe, tokenizer=tokenizer, data=data)
    source, target = train_tokenizers(recipe, PAIRS)
    recipe = with_vocabulary(recipe, source, target)
    plain = encode_pairs(PAIRS, recipe, source, target)
    return plain, cut_anew(plain, recipe, source, target), source, target


def texts(batch, source, target) -> list[tuple[str, str]]:
    ids, given, mask = batch.inputs
    whole = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask
    assert (ids[~whole] == source.special_id(PAD)).all()
    last = whole.sum(dim=1) - 1
    assert (ids.gather(1, last[:, None]) == source.special_id(EOS)).all()
    assert (given[:, 0] == target.special_id(BOS)).all()
    learn = batch.targets != IGNORE
    assert ((batch.targets == target.special_id(EOS)).sum(dim=1) == 1).all()
    assert torch.equal(given[:, 1:][learn[:, 1:]], batch.targets[:, :-1][learn[:, 1:]])
    assert (given[~learn] == target.special_id(PAD)).all()
    return [
        (source.decode(row[keep].tolist()[:-1]), target.decode(answer[answer != IGNORE].tolist()[:-1]))
        for row, keep, answer in zip(ids, whole, batch.targets, strict=True)
    ]


@pytest.mark.parametrize("shared", [True, False])
def test_the_texts_stay_and_the_tokens_change(shared):
    plain, redrawn, source, target = made(0.3, shared=shared)
    assert isinstance(redrawn, RedrawnBatches)
    more = tokens = 0
    for one, other in islice(zip(plain.batches(), redrawn.batches(), strict=False), 2 * len(plain)):
        assert texts(one, source, target) == texts(other, source, target)
        tokens += int((one.targets != IGNORE).sum())
        more += int((other.targets != IGNORE).sum())
    assert more > 1.1 * tokens


def test_batch_n_is_a_function_of_n_alone_and_epochs_differ():
    plain, redrawn, *_ = made(0.3)
    many = list(islice(redrawn.batches(), 2 * len(plain)))
    for start in (1, len(plain), len(plain) + 2):
        again = next(redrawn.batches(start))
        assert torch.equal(again.inputs[0], many[start].inputs[0])
        assert torch.equal(again.targets, many[start].targets)
    first, second = ({tuple(row) for b in part for row in b.targets.tolist()} for part in
                     (many[: len(plain)], many[len(plain) :]))  # fmt: skip
    assert len(first - second) > len(PAIRS) / 3


def test_what_would_come_out_too_long_stays_as_it_was():
    longest = 13
    plain, redrawn, *_ = made(0.9, max_length=longest)
    for batch in islice(redrawn.batches(), len(plain)):
        assert max(batch.targets.shape[1], batch.inputs[0].shape[1]) <= longest


def test_without_dropout_the_batches_are_as_they_were():
    plain, same, *_ = made(0.0)
    assert same is plain


def test_words_for_the_record():
    recipe = dataclasses.replace(fra_eng.RECIPE, tokenizer=TokenizerSettings(kind="words", shared=False))
    source, target = train_tokenizers(recipe, [*PAIRS, Pair("a hapax", "un hapax")])
    assert source.decode(source.encode("the old hapax dog")) == "the old <unk> dog"
    assert target.vocab_size < 20


def test_settings_that_cannot_be_are_refused_in_one_line():
    with pytest.raises(ValueError, match=r"tokenizer.dropout \(1.5\)"):
        TokenizerSettings(dropout=1.5)
    with pytest.raises(ValueError, match="which words have not"):
        TokenizerSettings(dropout=0.1, kind="words")
