"""Which pairs share a batch: every row once, under the budget, and less padding than one sort leaves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.data.rectangles import LEVELS, PRICE, rectangles

LENGTHS = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=120)


def sides(pairs):
    return (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))


def cost(groups, S, T):
    return sum(len(rows) * (max(S[rows]) + max(T[rows])) for rows in groups)


def padding(groups, S, T):
    return 1 - (S.sum() + T.sum()) / cost(groups, S, T)


def one_sort(S, T, budget):
    """Sort by target, then source, and cut where a row is too much: row by row, in plain Python."""
    groups = [[]]
    for row in sorted(range(len(S)), key=lambda i: (T[i], S[i] if T[i] % 2 == 0 else -S[i])):
        more = [*groups[-1], row]
        if len(more) * (max(S[more]) + max(T[more])) > budget:
            groups.append([row])
        else:
            groups[-1] = more
    return groups


@settings(deadline=None)
@given(LENGTHS, st.integers(60, 400))
def test_every_row_is_in_one_group_and_no_group_over_the_budget(pairs, budget):
    S, T = sides(pairs)
    groups = rectangles(S, T, budget=budget)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(pairs)))
    assert all(len(rows) and cost([rows], S, T) <= budget for rows in groups)
    again = rectangles(S, T, budget=budget)
    assert all(np.array_equal(one, other) for one, other in zip(groups, again, strict=True))


@settings(deadline=None)
@given(LENGTHS, st.integers(60, 400))
def test_it_is_never_dearer_than_one_sort(pairs, budget):
    S, T = sides(pairs)
    plain, better = one_sort(S, T, budget), rectangles(S, T, budget=budget)
    assert cost(better, S, T) + PRICE * len(better) <= cost(plain, S, T) + PRICE * len(plain)


def test_sides_of_unrelated_lengths_lose_most_of_their_padding():
    rng = np.random.default_rng(0)
    S, T = (np.minimum(1 + rng.exponential(mean, 3000).astype(np.int64), 190) for mean in (40, 14))
    plain, better = one_sort(S, T, 4096), rectangles(S, T, budget=4096)
    assert padding(plain, S, T) > 0.2
    assert padding(better, S, T) < 0.6 * padding(plain, S, T)
    assert len(better) < 1.1 * len(plain)


def test_sides_of_one_length_are_full_batches():
    S = T = np.full(1000, 16)
    assert [len(rows) for rows in rectangles(S, T, budget=320)] == [10] * 100


def test_lengths_that_grow_without_end_neither_take_long_nor_too_much_stack():
    S = np.array([2**n for n in range(50)] * 4)
    T = np.ones_like(S)
    groups = rectangles(S, T, budget=2**50)
    assert sorted(np.concatenate(groups).tolist()) == list(range(200))
    assert len(groups) < 4 * LEVELS


def test_a_row_that_no_batch_holds_is_named_with_its_lengths():
    with pytest.raises(ValueError, match=r"budget \(19\) must hold the longest pair \(10 \+ 10 tokens"):
        rectangles(np.array([3, 10]), np.array([3, 10]), budget=19)
