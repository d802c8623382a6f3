"""BPE-dropout in training: the same texts cut otherwise in every epoch, each batch a pure function of (seed, n)."""

import dataclasses
from itertools import islice

import pytest
import torch

from groundup.batch import IGNORE, Batch
from groundup.data.batches import PairBatches
from groundup.data.load import load_splits
from groundup.data.marks import BOS, EOS, PAD
from groundup.data.pairs import Pair
from groundup.data.split import PairSplits
from groundup.flow.complete import completed
from groundup.flow.pairs import PairParts, make_batches, train_tokenizers
from groundup.flow.parts import Tokenizers
from groundup.flow.redrawn import RedrawnBatches
from groundup.recipes import fra_eng
from groundup.recipes.recipe import TokenizerSettings
from groundup.training import micro

PAIRS = [
    Pair(f"the {a} dog{c} {b} the bread", f"le chien {a}{c} qui {b} le pain")
    for a in ("old", "big", "wonderful") for b in ("eats", "likes", "remembers", "sells") for c in ("", " now", " then")
]  # fmt: skip


def made(dropout: float, *, shared: bool = True, max_length: int = 64, pairs=PAIRS, budget: int | None = None):
    recipe = fra_eng.RECIPE
    tokenizer = dataclasses.replace(recipe.tokenizer, vocab_size=330, dropout=dropout, shared=shared)
    data = dataclasses.replace(recipe.data, max_length=max_length, batch_tokens=budget or 2 * max_length + 60)
    recipe = dataclasses.replace(recipe, tokenizer=tokenizer, data=data)
    source, target = train_tokenizers(recipe, pairs)
    parts = PairParts(Tokenizers(source, target), PairSplits(pairs, pairs, pairs), memorise=False)
    return make_batches(completed(recipe, source, target), parts).train, source, target


def epochs(redrawn: RedrawnBatches, n: int) -> list[list[Batch]]:
    size = len(redrawn.first)
    batches = redrawn.batches()
    return [list(islice(batches, size)) for _ in range(n)]


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
def test_every_epoch_has_every_pair_once_in_other_tokens(shared):
    redrawn, source, target = made(0.3, shared=shared)
    assert isinstance(redrawn, RedrawnBatches)
    assert len(redrawn.first) > 3
    answers = []
    for epoch in epochs(redrawn, 3):
        assert sorted(pair for batch in epoch for pair in texts(batch, source, target)) == sorted(PAIRS)
        answers.append({tuple(row[row != IGNORE].tolist()) for batch in epoch for row in batch.targets})
    usual = {(*target.encode(pair.target), target.special_id(EOS)) for pair in PAIRS}
    assert len(answers[0] - usual) > len(PAIRS) / 2
    assert all(len(one - other) > len(PAIRS) / 2 for one in answers for other in answers if one is not other)


def test_a_frequent_word_is_cut_in_more_than_one_way_within_an_epoch():
    redrawn, source, _ = made(0.3)
    wonderful = {
        tuple(source.token_bytes(id) for id in row.tolist())
        for batch in epochs(redrawn, 1)[0]
        for row in batch.inputs[0]
    }
    starts = {row[: next(i for i in range(len(row)) if b"".join(row[:i]).startswith(b"the wonderful"))]
              for row in wonderful if b"".join(row).startswith(b"the wonderful")}  # fmt: skip
    assert len(starts) > 5


def test_batch_n_depends_on_n_alone():
    redrawn, *_ = made(0.3)
    size = len(redrawn.first)
    many = [batch for epoch in epochs(redrawn, 3) for batch in epoch]
    for start in (0, 1, size - 1, size, size + 2, 2 * size + 1):
        resumed, *_ = made(0.3)  # another process knows nothing of what was drawn before
        for again, once in zip(islice(resumed.batches(start), 3), many[start : start + 3], strict=False):
            assert torch.equal(again.inputs[0], once.inputs[0])
            assert torch.equal(again.inputs[1], once.inputs[1])
            assert torch.equal(again.targets, once.targets)


def test_a_resumed_training_skips_the_epochs_between(monkeypatch):
    redrawn, *_ = made(0.3)
    drawn = []
    draw = redrawn._drawn
    monkeypatch.setattr(redrawn, "_drawn", lambda epoch: drawn.append(epoch) or draw(epoch))
    next(redrawn.batches(1000 * len(redrawn.first)))
    assert drawn == [1000]


@pytest.mark.parametrize("every", [1, 2, 3, 7, 50])
def test_a_rank_gets_its_own_batches_as_they_stand_in_the_whole_order(every):
    redrawn, *_ = made(0.3)
    for start in (0, 1, len(redrawn.first) - 1, len(redrawn.first)):
        own = islice(redrawn.batches(start, every=every), 4)
        for one, other in zip(own, islice(redrawn.batches(start), 0, 3 * every + 1, every), strict=True):
            assert torch.equal(one.inputs[0], other.inputs[0])
            assert torch.equal(one.targets, other.targets)


def test_a_rank_draws_no_epoch_it_has_no_batch_in(monkeypatch):
    redrawn, *_ = made(0.3)
    drawn = []
    draw = redrawn._drawn
    monkeypatch.setattr(redrawn, "_drawn", lambda epoch: drawn.append(epoch) or draw(epoch))
    list(islice(micro.every(redrawn, 0, 10 * len(redrawn.first)), 3))
    assert drawn == [10, 20]


def test_little_is_padding_on_real_sentences(data_dir):
    pairs = load_splits("multi30k-de-en", valid=1, test=1, seed=0).train[:4000]
    redrawn, *_ = made(0.1, pairs=pairs, budget=2048)
    planned = [len(redrawn.first)]
    for epoch in epochs(redrawn, 2):
        cells = sum(batch.inputs[0].numel() + batch.targets.numel() for batch in epoch)
        real = sum(
            int((batch.targets != IGNORE).sum())
            + (batch.inputs[0].numel() if batch.inputs[2] is None else int(batch.inputs[2].sum()))
            for batch in epoch
        )
        assert 1 - real / cells < 0.05
        assert max(batch.inputs[0].numel() + batch.targets.numel() for batch in epoch) < 1.05 * 2048
        planned.append(len(epoch))
    assert len(set(planned)) == 1


def test_what_would_come_out_too_long_keeps_its_usual_tokens():
    longest = 13
    redrawn, source, target = made(0.9, max_length=longest, pairs=[*PAIRS, Pair("bread now " * 20, "le pain")])
    assert redrawn.first.dropped == 1
    for epoch in epochs(redrawn, 2):
        assert sorted(pair for batch in epoch for pair in texts(batch, source, target)) == sorted(PAIRS)
        assert max(max(batch.targets.shape[1], batch.inputs[0].shape[1]) for batch in epoch) <= longest


def test_without_dropout_the_pairs_are_encoded_once():
    plain, *_ = made(0.0)
    assert isinstance(plain, PairBatches)


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
