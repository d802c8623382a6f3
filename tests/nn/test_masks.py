"""The rule of who sees whom, against two nested loops, and the shortcuts of `build_mask`, against the rule."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groundup.nn.masks import Mask, build_mask, visible

CPU = torch.device("cpu")
LENGTHS = st.integers(1, 7)
WINDOWS = st.none() | st.integers(1, 14)


def loops(T: int, start: int, *, causal: bool, window: int | None) -> list[list[bool]]:
    """Row by row, key by key, in plain Python: queries stand at start .. start + T - 1."""
    return [
        [
            (not causal or key <= query) and (window is None or key - window < query < key + window)
            for key in range(start + T)
        ]
        for query in range(start, start + T)
    ]


@given(T=LENGTHS, start=st.integers(0, 6), causal=st.booleans(), window=WINDOWS)
def test_visible_is_the_double_loop(T: int, start: int, causal: bool, window: int | None):
    keys = torch.arange(start + T)
    assert visible(keys[start:], keys, causal=causal, window=window).tolist() == loops(
        T, start, causal=causal, window=window
    )


@given(T=LENGTHS, start=st.integers(0, 6), causal=st.booleans(), window=WINDOWS, rows=st.integers(0, 3), data=st.data())
def test_every_shortcut_is_the_rule(T: int, start: int, causal: bool, window: int | None, rows: int, data):
    """rows = 0: no key mask. Whatever `build_mask` chooses to leave out, what it means is what the loops say."""
    S = start + T
    bits = st.lists(st.lists(st.booleans(), min_size=S, max_size=S), min_size=rows, max_size=rows)
    key_mask = torch.tensor(data.draw(bits)) if rows else None
    mask = build_mask(T, start, causal=causal, window=window, key_mask=key_mask)
    expected = torch.tensor(loops(T, start, causal=causal, window=window))
    if key_mask is not None:
        expected = expected & key_mask[:, None, None, :]
    assert torch.equal(mask.dense(T, S, CPU).expand(expected.shape), expected)
    if not mask:
        assert expected.all(), "an empty mask hides something"


@pytest.mark.parametrize(
    ("mask", "why"),
    [
        (build_mask(5, causal=False), "an encoder sees everything"),
        (build_mask(1, 7, causal=True), "the newest token sees everything before it"),
        (build_mask(1, 3, causal=True, window=4), "a window as long as the text is none"),
        (build_mask(4, causal=False, window=9), "neither is a longer one"),
    ],
)
def test_no_tensor_where_nothing_is_hidden(mask: Mask, why: str):
    assert mask == Mask(), why
    assert not mask, why


def test_a_whole_causal_text_needs_no_tensor():
    assert build_mask(5, causal=True) == Mask(allowed=None, causal=True)
    assert build_mask(5, causal=True, window=5) == Mask(allowed=None, causal=True)
    assert build_mask(5, causal=True)


def test_a_long_text_with_a_window_needs_no_tensor_of_all_pairs():
    """A band is two numbers; it begins where it is cheaper than the whole mask, and never behind a cache."""
    keys = torch.ones(2, 9, dtype=torch.bool)
    assert build_mask(9, causal=True, window=4) == Mask(causal=True, window=4)
    assert build_mask(9, causal=True, window=4, key_mask=keys) == Mask(causal=True, window=4, keys=keys)
    for dense in (build_mask(8, causal=True, window=4), build_mask(9, 3, causal=True, window=4)):
        assert dense.window is None
    assert build_mask(9, causal=False, window=4).window is None, "the band is the causal one"
    assert build_mask(9, causal=True, window=4)


def test_the_triangle_is_never_claimed_behind_a_cache():
    """The kernel's triangle is aligned to the top left, so several new tokens behind a cache need a tensor."""
    mask = build_mask(2, 3, causal=True)
    assert not mask.causal
    assert mask.allowed is not None
    with pytest.raises(AssertionError, match=r"\(2\).*\(5\)"):
        Mask(causal=True).dense(2, 5, CPU)


@given(T=LENGTHS, causal=st.booleans(), window=WINDOWS, rows=st.integers(1, 3), data=st.data())
def test_no_document_sees_another(T: int, causal: bool, window: int | None, rows: int, data):
    numbers = st.lists(st.lists(st.integers(0, 3), min_size=T, max_size=T), min_size=rows, max_size=rows)
    documents = data.draw(numbers)
    mask = build_mask(T, causal=causal, window=window, documents=torch.tensor(documents))
    seen = loops(T, 0, causal=causal, window=window)
    expected = [[[seen[q][k] and row[q] == row[k] for k in range(T)] for q in range(T)] for row in documents]
    assert mask.dense(T, T, CPU).expand(rows, 1, T, T)[:, 0].tolist() == expected


def test_documents_are_told_of_whole_texts_only():
    with pytest.raises(AssertionError, match="whole texts"):
        build_mask(2, 3, causal=True, documents=torch.zeros(1, 2, dtype=torch.long))
