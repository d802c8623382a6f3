"""The arithmetic order: a bijection for any size and key, the same for any number of ranks, as good as chance."""

from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.data.order import shuffled
from groundup.data.stream import ShardStream, TokenStream, Windows

SEEDS = st.integers(0, 2**63)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 3000), SEEDS, st.integers(0, 2**31))
def test_every_number_comes_once(count, seed, epoch):
    order = shuffled(np.arange(count), count, seed=seed, epoch=epoch)
    assert sorted(order.tolist()) == list(range(count))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 2**50), SEEDS, st.data())
def test_numbers_of_any_size_stay_apart_and_within(count, seed, data):
    some = np.array(data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=50, unique=True)))
    order = shuffled(some, count, seed=seed, epoch=1)
    assert len(set(order.tolist())) == len(some)
    assert order.min() >= 0
    assert order.max() < count
    assert shuffled(some[-1:], count, seed=seed, epoch=1)[0] == order[-1], "a number's place depends on it alone"


def test_orders_differ_and_look_like_chance():
    """Against what a fair shuffle gives: displacement, neighbours, and how two epochs agree; four standard errors."""
    n = 40_000
    first, again, other = (
        shuffled(np.arange(n), n, seed=seed, epoch=epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0))
    )
    for order, against in ((first, np.arange(n)), (again, first), (other, first)):
        assert abs(np.corrcoef(order, against)[0, 1]) < 4 / np.sqrt(n)
        assert (order == against).sum() < 6, "a fair shuffle leaves one in place, on average"
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 4 / np.sqrt(n)
    ascents = (np.diff(first) > 0).mean()
    assert abs(ascents - 0.5) < 4 / np.sqrt(12 * n)
    cells = np.histogram2d(np.arange(n), first, bins=20)[0]
    chi = ((cells - n / 400) ** 2 / (n / 400)).sum()
    assert abs(chi - 361) < 4 * np.sqrt(2 * 361)


def stream(rows, **how):
    if len(rows) == 1:
        return TokenStream(rows[0], **how)
    return ShardStream(rows, **how)


def cut(count: int, *at: int) -> list[np.ndarray]:
    return np.split(np.arange(count, dtype=np.uint16), sorted({place % count for place in at}))


ROWS = st.builds(cut, st.integers(2, 400), st.integers(0, 399), st.integers(0, 399), st.integers(0, 399))
ONE = st.builds(cut, st.integers(2, 400), st.just(0)).map(lambda rows: rows[-1:])


@settings(deadline=None, max_examples=60)
@given(ROWS | ONE, st.integers(1, 30), st.integers(1, 7), st.integers(0, 2**40))
def test_windows_are_consecutive_tokens_and_all_come_once_an_epoch(rows, length, batch, seed):
    count = sum(map(len, rows))
    if count <= length:
        with pytest.raises(ValueError, match=f"has {count} tokens and a window needs {length + 1}"):
            stream(rows, length=length, batch=batch, seed=seed)
        return
    made = stream(rows, length=length, batch=batch, seed=seed)
    starts = []
    for one in islice(made.batches(), 2 * len(made)):
        (inputs,) = one.inputs
        assert inputs.shape == one.targets.shape == (batch, length)
        assert inputs.dtype == one.targets.dtype == torch.int64
        assert torch.equal(one.targets, inputs + 1)
        assert torch.equal(inputs, inputs[:, :1] + torch.arange(length))
        starts += inputs[:, 0].tolist()
    epoch = sorted(starts[: made._windows])
    assert all(b - a == length for a, b in pairwise(epoch))
    assert epoch[-1] + length < count
    assert len(epoch) * length > count - 1 - 2 * length, "at most two windows' worth is left out"


@settings(deadline=None, max_examples=60)
@given(ROWS | ONE, st.integers(0, 60), st.integers(1, 5), st.sampled_from([1, 2, 4]))
def test_ranks_take_together_what_one_takes_alone(rows, start, batch, world):
    count = sum(map(len, rows))
    made = stream(rows, length=min(8, count - 1), batch=batch, seed=3)
    alone = list(islice(made.batches(), start, start + 2 * world))
    ranks = [islice(made.batches(start + rank, every=world), 2) for rank in range(world)]
    together = [one for step in zip(*ranks, strict=True) for one in step]
    assert all(torch.equal(a.inputs[0], b.inputs[0]) for a, b in zip(alone, together, strict=True))


def test_the_order_is_the_one_that_was_published():
    """Resuming a run needs the same order for ever: these numbers must not change."""
    assert shuffled(np.arange(10), 10, seed=0, epoch=0).tolist() == [3, 7, 1, 9, 5, 4, 6, 8, 2, 0]
    assert shuffled(np.arange(3), 10**10, seed=7, epoch=2).tolist() == [9392884574, 9281244798, 7232170557]


def test_a_training_of_any_size_begins_anywhere_at_once():
    """Ten billion tokens that take no memory: every id of a row is the same number in one place."""
    rows = [np.broadcast_to(np.uint16(row), 10**8) for row in range(100)]
    made = ShardStream(rows, length=1024, batch=64, seed=1)
    assert len(made) == 152_588, "64 windows of 1,024 tokens at a time"
    seen = {int(id) for batch in islice(made.batches(10**12, every=8), 20) for id in batch.inputs[0][:, 0]}
    assert len(seen) > 95, "windows come from everywhere"


def test_documents_are_counted_from_their_first_token():
    tokens = np.array([5, 9, 1, 2, 9, 9, 3, 4, 5, 9, 7], np.uint16)
    (ids, mask, documents) = Windows(tokens, length=10, batch=1, end_of_text=9)[0].inputs
    assert ids is not None
    assert documents is not None
    assert (ids[0].tolist(), mask) == (tokens[:-1].tolist(), None)
    assert documents[0].tolist() == [0, 1, 1, 1, 2, 3, 3, 3, 3, 4]
    for made in (
        TokenStream(tokens, length=5, batch=3, seed=0, end_of_text=9),
        ShardStream([tokens[:4], tokens[4:]], length=5, batch=3, seed=0, end_of_text=9),
    ):
        ids, mask, documents = next(made.batches()).inputs
        assert mask is None
        assert documents is not None
        assert [[d - row[0] for d in row] for row in documents.tolist()] == [
            [sum(id == 9 for id in row[1 : at + 1]) for at in range(5)]
            for row in ids.tolist()  # type: ignore[union-attr]
        ]


def test_held_out_batches_can_be_asked_for_singly():
    windows = Windows(np.arange(100), length=7, batch=3)
    assert [b.targets.tolist() for b in windows] == [windows[n].targets.tolist() for n in range(len(windows))]
    assert len(windows) == 5
    with pytest.raises(IndexError):
        windows[5]
