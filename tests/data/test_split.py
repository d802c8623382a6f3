"""Splits: nothing is lost, nothing stands on two sides, the counts are met."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundup.data.normalise import sentence_key
from groundup.data.pairs import read_pairs
from groundup.data.split import split_pairs, split_text, split_texts

WORDS = st.sampled_from([f"word{n}" for n in range(40)] + ["Word1!", "WORD2", "word3."])


def keys(pairs, side):
    return {sentence_key(pair[side]) for pair in pairs}


def assert_disjoint(splits):
    for one, other in combinations(splits, 2):
        for side in (0, 1):
            assert not keys(one, side) & keys(other, side)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=3, max_size=60), st.integers(0, 5), st.integers(0, 5), st.integers())
def test_no_sentence_stands_on_two_sides(pairs, valid, test, seed):
    try:
        splits = split_pairs(pairs, valid=valid, test=test, seed=seed)
    except ValueError:
        return  # too closely knit; which corpora are refused is tested below
    assert Counter(pair for part in splits for pair in part) == Counter(pairs)
    assert splits.train
    assert_disjoint(splits)
    assert (len(splits.valid), len(splits.test)) <= (valid, test)


def test_counts_are_exact_where_sentences_are_distinct():
    pairs = [(f"a{n}", f"b{n}") for n in range(100)]
    splits = split_pairs(pairs, valid=10, test=20, seed=0)
    assert list(map(len, splits)) == [70, 10, 20]
    assert splits == split_pairs(pairs, valid=10, test=20, seed=0)
    assert splits.test != split_pairs(pairs, valid=10, test=20, seed=1).test
    assert all(part == sorted(part, key=pairs.index) for part in splits)


def test_a_chain_of_shared_sentences_goes_to_one_side():
    chain = [("a", "x"), ("A!", "y"), ("b", "Y"), ("b", "z")]
    others = [(f"s{n}", f"t{n}") for n in range(20)]
    for seed in range(20):
        splits = split_pairs(chain + others, valid=5, test=5, seed=seed)
        assert sum(any(pair in part for pair in chain) for part in splits) == 1


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "too small to split: 0 pairs"),
        ([("a", "b")], "too small to split: 1 pairs"),
        ([("a", str(n)) for n in range(50)], "10 test pairs wanted and 0 found in 1 groups .*smallest of 50"),
    ],
)
def test_too_small_is_said_with_numbers(pairs, message):
    with pytest.raises(ValueError, match=message):
        split_pairs(pairs, valid=10, test=10, seed=0)


def test_real_sentences_are_split_without_bias(data_dir):
    pairs = read_pairs(data_dir / "fra-eng" / "fra.txt")
    splits = split_pairs(pairs, valid=2000, test=2000, seed=1)
    assert (len(splits.valid), len(splits.test)) == (2000, 2000)
    assert sum(map(len, splits)) == len(pairs)
    assert_disjoint(splits)

    def mean(part):
        return sum(len(pair.source.split()) for pair in part) / len(part)

    assert mean(splits.test) == pytest.approx(mean(pairs), rel=0.05)


def test_a_text_is_cut_at_its_first_nine_tenths():
    text = "".join(map(chr, range(32, 1032)))
    train, valid = split_text(text)
    assert (len(train), train + valid) == (900, text)
    assert len(split_text(text, valid=0.25)[1]) == 250


def test_tiny_shakespeare_is_cut_as_published(data_dir):
    train, valid = split_text((data_dir / "tinyshakespeare" / "input.txt").read_text())
    assert (len(train), len(valid)) == (1_003_854, 111_540)


@given(st.lists(st.text("ab", min_size=20, max_size=400), min_size=1, max_size=60), st.integers(0, 3))
def test_texts_stay_whole_or_are_all_cut(texts, seed):
    train, valid = split_texts(texts, valid=0.2, seed=seed)
    assert train
    assert valid
    assert sum(map(len, train)) + sum(map(len, valid)) == sum(map(len, texts))
    assert (
        Counter(train) + Counter(valid) == Counter(texts)
        or [a + b for a, b in zip(train, valid, strict=False)] == texts
    )
    assert 0.1 <= sum(map(len, valid)) / sum(map(len, texts)) <= 0.25


@given(st.lists(st.sampled_from([f"text {n} " * 9 for n in range(30)]), min_size=30, max_size=90), st.integers(0, 3))
def test_copies_of_a_text_stay_together(texts, seed):
    texts = [text + " " * (row % 2) for row, text in enumerate(texts)]  # spaces make no other text
    train, valid = split_texts(texts, valid=0.2, seed=seed)
    if Counter(train) + Counter(valid) == Counter(texts):
        assert not {text.strip() for text in train} & {text.strip() for text in valid}


@pytest.mark.parametrize("short", ["", "x"])
def test_a_text_too_short_to_be_cut_goes_to_training(short):
    texts = ["a" * 1000, short, "b" * 1000, "c" * 1000]
    train, valid = split_texts(texts, valid=0.1)
    assert train == ["a" * 900, short, "b" * 900, "c" * 900]
    assert valid == ["a" * 100, "b" * 100, "c" * 100]


def test_a_text_too_small_to_split_is_refused():
    with pytest.raises(ValueError, match="too small to split: 1 characters"):
        split_text("a")
    with pytest.raises(ValueError, match="no texts"):
        split_texts([])
    with pytest.raises(ValueError, match="too small to split: 2 texts, the longest of 1 characters"):
        split_texts(["x", "y"])
    with pytest.raises(ValueError, match=r"valid .10. is a share"):
        split_text("some text", valid=10)
