"""Training, validation and test parts that share nothing.

Pairs are split by sentence, not by row: one English sentence often has several French lines and the reverse, so rows
dealt out singly would put the answer to a test question into the training set. Rows that share a source or a target
(by `sentence_key`) form a group, directly or over others, and a group goes to one side whole. On the 164,947 pairs of
fra-eng there are 108,572 groups, the largest of 96 pairs, and dealing whole groups favours no kind of sentence: over
ten seeds, 2,000 test pairs average 6.20 English words (standard deviation 0.06) where the corpus averages 6.16.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from groundup.data.normalise import sentence_key
from groundup.data.pairs import Pair


class PairSplits(NamedTuple):
    """Three parts of a parallel corpus; no sentence of either language stands in two of them."""

    train: list[Pair]
    valid: list[Pair]
    test: list[Pair]


def split_pairs(pairs: Sequence[tuple[str, str]], *, valid: int, test: int, seed: int) -> PairSplits:
    """Deal out whole groups of pairs in seeded random order until `test` and then `valid` pairs are reached.

    A group that would overshoot is passed over, so the counts are met exactly where small groups allow it; a group
    larger than a part stays in training. Each part keeps the order of the corpus. ValueError if the corpus is too small
    or hangs together too closely.
    """
    if valid < 0 or test < 0:
        raise ValueError(f"valid ({valid}) and test ({test}) must not be negative")
    if valid + test >= len(pairs):
        raise ValueError(
            f"too small to split: {len(pairs):,} pairs, and {test:,} for the test and {valid:,} for validation leave "
            f"none to learn from; {_fewer(len(pairs))}"
        )
    groups = _groups(pairs)
    random.Random(seed).shuffle(groups)
    test_rows, groups = _deal(groups, test, "test")
    valid_rows, groups = _deal(groups, valid, "validation")
    train_rows = [row for group in groups for row in group]
    return PairSplits(*([Pair(*pairs[row]) for row in sorted(rows)] for rows in (train_rows, valid_rows, test_rows)))


def _groups(pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
    """Row numbers of the pairs that hang together: connected components by union-find with path halving."""
    parent = list(range(len(pairs)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first_with: dict[tuple[int, str], int] = {}
    for row, pair in enumerate(pairs):
        for side, sentence in enumerate(pair):
            parent[root(row)] = root(first_with.setdefault((side, sentence_key(sentence)), row))
    groups: dict[int, list[int]] = {}
    for row in range(len(pairs)):
        groups.setdefault(root(row), []).append(row)
    return list(groups.values())


def _deal(groups: list[list[int]], count: int, part: str) -> tuple[list[int], list[list[int]]]:
    """`count` rows in whole groups, and the groups that are left."""
    rows: list[int] = []
    left: list[list[int]] = []
    for group in groups:
        if len(rows) + len(group) <= count:
            rows += group
        else:
            left.append(group)
    # Groups of five cannot give 256 rows, and 255 will do; far fewer is not what was asked for.
    if len(rows) < 0.9 * count or not left:
        smallest, flag = min(map(len, groups), default=0), "test" if part == "test" else "valid"
        raise ValueError(
            f"too small to split: {count:,} {part} pairs wanted and {len(rows):,} found in {len(groups):,} groups that "
            f"share no sentence (the smallest of {smallest:,} pairs); give smaller --data.valid "
            f"and --data.test, such as --data.{flag} {max(1, len(rows))}, bring more, or learn them by heart: "
            "--data.memorise"
        )
    return rows, left


def _fewer(pairs: int) -> str:
    """What to do with so few pairs."""
    part = min(100, pairs // 10)
    few = f"try --data.valid {part} --data.test {part}, or" if part else "give smaller --data.valid and --data.test, or"
    return f"{few} learn them by heart: --data.memorise"


class TextSplits(NamedTuple):
    """Two parts of a corpus of texts, each in the order of the corpus."""

    train: list[str]
    valid: list[str]


def split_text(text: str, *, valid: float = 0.1) -> tuple[str, str]:
    """The first part to learn from and the last `valid` share of the characters to judge by.

    The cut is exact, as in the published results on tiny Shakespeare (the first 90% of the characters are training).
    """
    _check_share(valid)
    cut = int(len(text) * (1 - valid))
    if not 0 < cut < len(text):
        raise ValueError(
            f"too small to split: {len(text):,} characters, of which {valid:.0%} go to validation; bring a longer text"
        )
    return text[:cut], text[cut:]


def split_texts(texts: Sequence[str], *, valid: float = 0.1, seed: int = 0) -> TextSplits:
    """Whole texts to learn from and others to judge by, drawn at random, `valid` being the share of the characters.

    Copies of a text stay together. Where the texts are too few or too long for that (none fits into the share), each is
    cut as `split_text` cuts it; what is too short to be cut is for learning.
    """
    _check_share(valid)
    room = valid * sum(map(len, texts))
    chosen: set[int] = set()
    copies: dict[int, list[int]] = {}
    for row, text in enumerate(texts):
        copies.setdefault(hash(text.strip()), []).append(row)  # not the text: memory would hold all of them twice
    for rows in random.Random(seed).sample([*copies.values()], len(copies)):
        size = sum(len(texts[row]) for row in rows)
        if size <= room:
            room -= size
            chosen.update(rows)
    if room <= 0.5 * valid * sum(map(len, texts)) and len(chosen) < len(texts):
        return TextSplits(
            [text for row, text in enumerate(texts) if row not in chosen],
            [text for row, text in enumerate(texts) if row in chosen],
        )
    if not texts:
        raise ValueError("too small to split: no texts at all")
    cuts = [(text, int(len(text) * (1 - valid))) for text in texts]
    tails = [text[cut:] for text, cut in cuts if 0 < cut < len(text)]
    if not tails:
        raise ValueError(
            f"too small to split: {len(texts):,} texts, the longest of {max(map(len, texts)):,} characters, of which "
            f"{valid:.0%} go to validation; bring longer texts"
        )
    return TextSplits([text[:cut] or text for text, cut in cuts], tails)


def _check_share(valid: float) -> None:
    if not 0 < valid < 1:
        raise ValueError(f"valid ({valid}) is a share of the text and must lie between 0 and 1, such as 0.1")
