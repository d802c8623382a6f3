"""BPE-dropout: the distribution of the paper's algorithm, its two ends, and that the text always comes back."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.text import bpe
from groundup.text.tokenizer import Tokenizer

PROSE = "the quick brown fox and the lazy dog, où est l'été ? " * 4


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train_from_texts(PROSE, 330)


def distribution(ids: tuple[int, ...], ranks: Mapping[bpe.Pair, int], p: float) -> dict[tuple[int, ...], float]:
    """Provilkov et al., algorithm 1: drop each possible merge with probability p, do the best of the rest, again.

    By summing over all ways to drop, so exact.
    """
    possible = [at for at, pair in enumerate(pairwise(ids)) if pair in ranks]
    total: dict[tuple[int, ...], float] = defaultdict(float)
    for dropped in product([True, False], repeat=len(possible)):
        chance = p ** sum(dropped) * (1 - p) ** (len(dropped) - sum(dropped))
        rest = [at for at, gone in zip(possible, dropped, strict=True) if not gone]
        if not rest:
            total[ids] += chance
            continue
        at = min(rest, key=lambda at: (ranks[ids[at], ids[at + 1]], at))
        merged = (*ids[:at], ranks[ids[at], ids[at + 1]], *ids[at + 2 :])
        for outcome, part in distribution(merged, ranks, p).items():
            total[outcome] += chance * part
    return total


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_segmentations_come_as_often_as_the_paper_says(p: float):
    ranks = {(97, 97): 256, (256, 97): 257, (97, 98): 258, (256, 258): 259}
    expected = distribution(tuple(b"aaab"), ranks, p)
    assert abs(sum(expected.values()) - 1) < 1e-9
    random, draws = Random(0), 20_000
    seen = Counter(tuple(bpe.encode(b"aaab", ranks, drop=lambda: random.random() < p)) for _ in range(draws))
    assert seen.keys() <= expected.keys()
    for outcome, chance in expected.items():
        deviation = (chance * (1 - chance) / draws) ** 0.5
        assert abs(seen[outcome] / draws - chance) < 4.5 * deviation + 1e-9


@settings(max_examples=150, deadline=None)
@given(text=st.text() | st.just(PROSE), p=st.sampled_from([0, 0.1, 0.9, 1]), seed=st.integers())
def test_the_text_comes_back(tokenizer: Tokenizer, text: str, p: float, seed: int):
    ids = tokenizer.encode_with_dropout(text, p, random=Random(seed))
    assert tokenizer.decode(ids) == text
    assert ids == tokenizer.encode_with_dropout(text, p, random=Random(seed))
    if p == 0:
        assert ids == tokenizer.encode(text)
    if p == 1:
        assert ids == list(text.encode())


def test_a_token_taken_whole_is_merged_anew(tmp_path):
    before = Tokenizer.train_from_texts(PROSE, 330, specials=())
    whole = Tokenizer.load(before.export(tmp_path / "a.tiktoken", format="tiktoken"), pattern="gpt4")
    for seed in range(5):
        mine, same = (t.encode_with_dropout(PROSE, 0.3, random=Random(seed)) for t in (whole, before))
        assert mine == same != before.encode(PROSE)


def test_mistakes_and_long_chunks(tokenizer: Tokenizer, growth):
    with pytest.raises(ValueError, match=r"a probability from 0 to 1, not 1\.5"):
        tokenizer.encode_with_dropout("a", 1.5, random=Random(0))
    with pytest.raises(ValueError, match="only a byte-pair tokenizer has merges"):
        Tokenizer.characters("abc").encode_with_dropout("a", 0.5, random=Random(0))
    runs = Tokenizer.train_from_texts("a" * 1000, 270, pattern="none")
    assert growth(lambda size: runs.encode_with_dropout("a" * size, 0.5, random=Random(0)), 6000) < 20
