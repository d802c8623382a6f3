"""Training and encoding: the fast forms equal the definition, and a training reference we did not make."""

import json
from collections import Counter

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.text import bpe, patterns
from groundup.text.alphabet import name_of

# two or three letters, so that runs, ties and overlaps are the rule and not the exception
chunks = st.dictionaries(st.text("ab", max_size=12).map(str.encode), st.integers(1, 4), max_size=8)
wide_chunks = st.dictionaries(st.text("xyzà", max_size=20).map(str.encode), st.integers(1, 3), max_size=12)


def ranks_of(merges: bpe.Merges) -> dict[bpe.Pair, int]:
    tokens = [bytes([b]) for b in range(256)] + [left + right for left, right in merges]
    numbers = {token: number for number, token in enumerate(tokens)}
    assert len(numbers) == len(tokens), "two merges made the same token"
    return {(numbers[left], numbers[right]): numbers[left + right] for left, right in merges}


@settings(max_examples=300, deadline=None)
@given(chunks | wide_chunks, st.integers(0, 30))
def test_training_equals_its_definition(counts: dict[bytes, int], merges: int):
    assert bpe.train(counts, merges) == bpe.train_plainly(counts, merges)


@settings(max_examples=300, deadline=None)
@given(chunks | wide_chunks, st.integers(0, 30), st.text("abxyzà", max_size=40).map(str.encode))
def test_encoding_equals_its_definition(counts: dict[bytes, int], merges: int, chunk: bytes):
    ranks = ranks_of(bpe.train(counts, merges))
    assert bpe.encode(chunk, ranks) == bpe.encode_plainly(chunk, ranks)


@settings(max_examples=100, deadline=None)
@given(chunks | wide_chunks, st.integers(0, 30))
def test_merges_follow_from_the_tokens_in_order(counts: dict[bytes, int], merges: int):
    learnt = bpe.train(counts, merges)
    assert bpe.merges_of(left + right for left, right in learnt) == learnt


def test_the_wikipedia_example():
    """aaabdaaabac: aa, then (a tie: "aa"+"a" and "a"+"b" stand twice each, and the former is greater) aaa, ..."""
    merges = bpe.train({b"aaabdaaabac": 1}, 3)
    assert merges == [(b"a", b"a"), (b"aa", b"a"), (b"aaa", b"b")]


def test_a_tie_goes_to_the_greater_pair_of_byte_strings():
    assert bpe.train({b"ab": 1, b"ac": 1, b"Zz": 1}, 3) == [(b"a", b"c"), (b"a", b"b"), (b"Z", b"z")]
    # "a" is the beginning of "aa", which makes "aa" the greater
    assert bpe.train({b"aa": 9, b"aax": 1, b"ax": 1}, 2) == [(b"a", b"a"), (b"aa", b"x")]


def test_training_stops_when_no_pair_is_left():
    assert bpe.train({b"abc": 2, b"": 5, b"z": 1}, 100) == [(b"b", b"c"), (b"a", b"bc")]
    assert bpe.train({}, 100) == []


def test_progress_tells_count_and_ids():
    seen: list[tuple[int, ...]] = []
    bpe.train({b"abab": 3}, 2, progress=lambda *numbers: seen.append(numbers))
    assert seen == [(1, 2, 6, 97, 98, 256), (2, 2, 3, 256, 256, 257)]


def test_the_merges_are_those_of_hugging_face_until_the_first_tie(prose: str):
    """Ties are broken differently there, so the comparison ends at the first one."""
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=256 + 100, initial_alphabet=alphabet, show_progress=False)
    theirs.train_from_iterator([prose], trainer)
    merges = [tuple(pair) for pair in json.loads(theirs.to_str())["model"]["merges"]]

    gpt2 = patterns.compiled(patterns.PATTERNS["gpt2"])
    times: list[int] = []
    ours = bpe.train(
        Counter(chunk.encode() for chunk in patterns.split(prose, gpt2)), 100, progress=lambda *n: times.append(n[2])
    )
    tie = next(n for n in range(99) if times[n] == times[n + 1])
    assert tie >= 50
    assert [(name_of(left), name_of(right)) for left, right in ours[:tie]] == merges[:tie]


def test_the_reference_merges_come_out_exactly(data_dir):
    """Stanford CS336, assignment 1: GPT-2's pattern, vocabulary 500 with one special token."""
    folder = data_dir / "bpe-train-reference"
    gpt2 = patterns.compiled(patterns.PATTERNS["gpt2"])
    counts = Counter(chunk.encode() for chunk in patterns.split((folder / "corpus.en").read_text("utf-8"), gpt2))
    merges = bpe.train(counts, 500 - 256 - 1)
    lines = (folder / "train-bpe-reference-merges.txt").read_text("utf-8").splitlines()
    assert [f"{name_of(left)} {name_of(right)}" for left, right in merges] == lines
    vocabulary = json.loads((folder / "train-bpe-reference-vocab.json").read_text("utf-8"))
    assert {name_of(left + right) for left, right in merges} <= vocabulary.keys()


def test_eight_times_the_merges_take_less_than_four_times_the_work(source_code: str, growth):
    """If every merge looked at every chunk again, it would be eight times."""
    gpt4 = patterns.compiled(patterns.PATTERNS["gpt4"])
    counts = Counter(chunk.encode() for chunk in patterns.split(source_code[:250_000], gpt4))
    assert len(bpe.train(counts, 4000)) == 4000
    assert growth(lambda merges: bpe.train(counts, merges), 500) < 4


@pytest.mark.parametrize("chunk", [b"a" * 40_000, b" " * 40_000, b"ab" * 20_000, "é́".encode() * 8_000])
def test_long_chunks_are_not_quadratic(chunk: bytes, growth):
    ranks = ranks_of(bpe.train({chunk[:1000]: 1, b"abcab": 3}, 60))
    assert growth(lambda size: bpe.encode(chunk[:size], ranks), len(chunk) // 8) < 20
    assert len(bpe.encode(chunk, ranks)) < len(chunk) / 50
