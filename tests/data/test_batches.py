"""Pair batches: every pair once an epoch, under the budget, little padding, and arithmetic that resumes exactly."""

from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.batch import IGNORE
from groundup.data.batches import PairBatches
from groundup.training import micro

PAD, BOS, EOS = 0, 1, 2
SENTENCE = st.lists(st.integers(3, 50), min_size=1, max_size=12)
PAIRS = st.lists(st.tuples(SENTENCE, SENTENCE), min_size=1, max_size=40)


def make(pairs, *, budget=60, seed=0, max_length=16, count=None):
    sources, targets = [list(s) for s, _ in pairs], [list(t) for _, t in pairs]
    marks = dict(pad=PAD, bos=BOS, eos=EOS)
    return PairBatches(sources, targets, budget=budget, seed=seed, max_length=max_length, count=count, **marks)


def random_pairs(count, longest=12, seed=0):
    rng = np.random.default_rng(seed)
    return [tuple(rng.integers(3, 1000, rng.integers(1, longest, 2)[i]).tolist() for i in (0, 1)) for _ in range(count)]


def unpack(batch):
    """The pairs in a batch, with every mark checked on the way."""
    source, target_in, mask = batch.inputs
    assert source.dtype == target_in.dtype == batch.targets.dtype == torch.int64
    assert target_in.shape == batch.targets.shape
    if mask is None:
        mask = torch.ones_like(source, dtype=torch.bool)
    else:
        assert mask.dtype == torch.bool
        assert not mask.all()
    for s, m, t_in, t_out in zip(source, mask, target_in, batch.targets, strict=True):
        S, T = int(m.sum()), int((t_out != IGNORE).sum())
        assert m[:S].all()
        assert (s[S:] == PAD).all()
        assert s[S - 1] == EOS
        assert t_in[0] == BOS
        assert (t_in[T:] == PAD).all()
        assert t_out[T - 1] == EOS
        assert (t_out[T:] == IGNORE).all()
        assert torch.equal(t_in[1:T], t_out[: T - 1])
        yield tuple(s[: S - 1].tolist()), tuple(t_out[: T - 1].tolist())


def tuples(pairs):
    return sorted((tuple(s), tuple(t)) for s, t in pairs)


@settings(deadline=None)
@given(PAIRS, st.integers(0, 5))
def test_every_epoch_holds_every_pair_once(pairs, seed):
    data = make(pairs, seed=seed)
    batches = data.batches()
    for _ in range(2):
        assert sorted(pair for batch in islice(batches, len(data)) for pair in unpack(batch)) == tuples(pairs)
    assert sorted(pair for batch in data.fixed() for pair in unpack(batch)) == tuples(pairs)


@settings(deadline=None)
@given(PAIRS, st.integers(26, 80))
def test_no_batch_is_over_the_budget(pairs, budget):
    data = make(pairs, budget=budget)
    for batch in islice(data.batches(), 2 * len(data)):
        assert batch.inputs[0].numel() + batch.inputs[1].numel() <= budget


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 2**40))
def test_batch_n_is_the_same_however_it_is_reached(start, seed):
    data = make(random_pairs(50), seed=seed)
    through = next(islice(data.batches(), start, None))
    directly = next(make(random_pairs(50), seed=seed).batches(start))
    assert torch.equal(through.targets, directly.targets)
    for one, other in zip(through.inputs, directly.inputs, strict=True):
        assert (one is None) == (other is None)
        assert one is None or torch.equal(one, other)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 60), st.integers(1, 40))
def test_a_rank_gets_its_own_batches_as_they_stand_in_the_whole_order(start, every):
    own = list(islice(make(random_pairs(50)).batches(start, every=every), 5))
    for one, other in zip(own, islice(make(random_pairs(50)).batches(start), 0, None, every), strict=False):
        assert torch.equal(one.inputs[0], other.inputs[0])
        assert torch.equal(one.inputs[1], other.inputs[1])
        assert torch.equal(one.targets, other.targets)


def test_a_rank_does_not_make_the_batches_of_others(monkeypatch):
    data = make(random_pairs(50))
    made = []
    batch = data._batch
    monkeypatch.setattr(data, "_batch", lambda rows: made.append(rows) or batch(rows))
    list(islice(micro.every(data, 3, 1000), 4))
    assert len(made) == 4


def test_epochs_and_seeds_differ_and_validation_does_not():
    data = make(random_pairs(300))
    batches = data.batches()
    first, second = (list(islice(batches, len(data))) for _ in range(2))
    contents = [{frozenset(unpack(batch)) for batch in epoch} for epoch in (first, second)]
    assert contents[0] != contents[1]  # not only the order of the batches is new
    other = make(random_pairs(300), seed=1).batches()
    assert not all(torch.equal(a.targets, b.targets) for a, b in zip(first, other, strict=False))
    assert all(torch.equal(a.targets, b.targets) for a, b in zip(data.fixed(), data.fixed(), strict=True))


def test_padding_share_is_what_the_batches_hold():
    data = make(random_pairs(2000, longest=30), budget=500, max_length=40)
    real = padded = 0
    for batch in islice(data.batches(), len(data)):
        for source, target in unpack(batch):
            real += len(source) + len(target) + 2
        padded += batch.inputs[0].numel() + batch.inputs[1].numel()
    assert data.padding_share == pytest.approx(1 - real / padded)
    assert 0 < data.padding_share < 0.12


def test_real_sentences_are_hardly_padded(data_dir):
    lines = (data_dir / "fra-eng" / "fra.txt").read_text().splitlines()[::4]
    pairs = [tuple(list(map(len, side.split())) for side in line.split("\t")[:2]) for line in lines]
    assert make(pairs, budget=4000, max_length=64).padding_share < 0.05


def test_too_long_pairs_are_counted_not_cut():
    pairs = [([5] * 4, [6] * 3), ([5] * 15, [6]), ([5] * 16, [6]), ([5], [6] * 40)]
    data = make(pairs, max_length=16)
    assert (data.dropped, data.pairs) == (2, 2)
    assert sorted(pair for batch in data.fixed() for pair in unpack(batch)) == tuples(pairs[:2])


@pytest.mark.parametrize("more", [-3, -1, 0, 1, 5])
def test_an_epoch_can_be_cut_into_a_given_number_of_batches(more):
    pairs = random_pairs(300)
    plain = make(pairs, budget=200)
    data = make(pairs, budget=200, count=len(plain) + more)
    assert len(data) == len(data.fixed()) == len(plain) + more
    assert sorted(pair for batch in data.fixed() for pair in unpack(batch)) == tuples(pairs)
    largest = max(batch.inputs[0].numel() + batch.targets.numel() for batch in data.fixed())
    assert largest <= (200 if more >= 0 else 200 * 1.25)
    if more == 0:
        assert all(torch.equal(a.targets, b.targets) for a, b in zip(plain.fixed(), data.fixed(), strict=True))


def test_as_many_batches_as_pairs_are_one_pair_each():
    data = make([([5] * n, [6]) for n in range(1, 6)], budget=60, count=5)
    assert [len(batch.targets) for batch in data.fixed()] == [1] * 5


def test_rows_of_one_length_need_no_mask():
    (batch,) = make([([5, 6], [7]), ([8, 9], [7, 7])]).fixed()
    assert batch.inputs[2] is None


@pytest.mark.parametrize(
    ("pairs", "options", "message"),
    [
        ([([5] * 9, [6] * 9)], dict(budget=19), r"budget .19. must hold the longest pair .10 \+ 10"),
        ([([5] * 9, [6] * 9)], dict(max_length=9), "none of 1 pairs fits into max_length .9."),
        ([], {}, "none of 0 pairs"),
    ],
)
def test_what_cannot_be_batched_is_said_with_numbers(pairs, options, message):
    with pytest.raises(ValueError, match=message):
        make(pairs, **options)


def test_sources_and_targets_must_be_as_many():
    with pytest.raises(ValueError, match=r"sources .2. and targets .1."):
        PairBatches([[5], [6]], [[7]], budget=60, pad=PAD, bos=BOS, eos=EOS, seed=0, max_length=9)
