"""The compiled split patterns find what the regular expressions find, and a text may be cut where `pieces` cuts it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.text import fast_scan, fast_split, patterns
from groundup.text.fast_compile import padded
from groundup.text.pieces import pieces

KINDS = [*patterns.PATTERNS]
NAMED = [name for name in KINDS if name != "none"]
# Whatever a pattern treats in its own way: cases, marks, letters without case, the long s, other digits and spaces.
TRICKY = [
    *"abstXYZDM 19\n\r\t'/.,!’\u017f\u00df\u0301\u0300あ漢ʰǅÉé½Ⅷ٣🙂\u3000\u2028\u00a0\u1680\u200b\x1c\x00",
    *("'s", "'LL", "'vE", "'re", "'\u017f", "  ", "\n\n", " \n", "\r\n", "/\n", "don't", " the"),
]
tricky = st.lists(st.sampled_from(TRICKY), max_size=14).map("".join)


def split_fast(text: str, name: str, block: int = fast_split.WIDTH + 3) -> list[str]:
    """The chunks, found a few at a time."""
    raw, ends, chunks = text.encode(), np.empty(block, np.int64), []
    data, start = padded(raw), 0
    while start < len(raw):
        count = fast_split.split(data, start, len(raw), fast_scan.classes(), KINDS.index(name), ends)
        for end in ends[:count].tolist():
            chunks.append(raw[start:end].decode())
            start = end
    return chunks


@pytest.mark.parametrize("name", NAMED)
@settings(max_examples=1500, deadline=None)
@given(text=tricky | st.text(max_size=12))
def test_chunks_are_those_of_the_regular_expression(name: str, text: str):
    assert split_fast(text, name) == patterns.split(text, patterns.compiled(patterns.PATTERNS[name]))


# Prose long enough for sixty-four bytes at a time, with all that may stand between its words.
WORDS = [
    "the",
    " the",
    " of",
    "Hello",
    "HELLO",
    "CamelCase",
    "a" * 70,
    "é",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\n  ",
    " \n",
    "\r\n",
]
WORDS += [
    ". ",
    ".\n",
    ",\n\n ",
    '"',
    ' "',
    '"I',
    "(",
    ") ",
    "--",
    "don't",
    "'s",
    "'",
    "12",
    "/",
    "_",
    "\t",
    "\x0b",
    "\x00",
    "漢",
]


@pytest.mark.parametrize("name", NAMED)
@settings(max_examples=600, deadline=None)
@given(text=st.lists(st.sampled_from(WORDS), min_size=20, max_size=60).map("".join), block=st.integers(66, 90))
def test_chunks_of_prose_are_those_of_the_regular_expression(name: str, text: str, block: int):
    assert split_fast(text, name, block) == patterns.split(text, patterns.compiled(patterns.PATTERNS[name]))


@pytest.mark.parametrize("name", NAMED)
def test_chunks_of_much_text_are_those_of_the_regular_expression(name: str, prose: str, source_code: str):
    text = prose + source_code
    assert split_fast(text, name, 4096) == patterns.split(text, patterns.compiled(patterns.PATTERNS[name]))


@pytest.mark.parametrize("name", NAMED)
def test_every_character_is_in_the_same_class(name: str):
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    text = "".join(f"a{character}B{character}1 {character}\n" for character in every)
    assert split_fast(text, name, block=4096) == patterns.split(text, patterns.compiled(patterns.PATTERNS[name]))


def test_without_a_pattern_the_text_is_one_chunk():
    assert split_fast("two words\n", "none") == ["two words\n"]


@pytest.mark.parametrize("name", NAMED)
@settings(max_examples=500, deadline=None)
@given(text=st.lists(tricky, max_size=6).map(" ".join), size=st.integers(1, 30))
def test_cut_into_pieces_a_text_has_the_same_chunks(name: str, text: str, size: int):
    pattern = patterns.compiled(patterns.PATTERNS[name])
    parts = list(pieces(text, size))
    assert "".join(parts) == text
    assert [chunk for part in parts for chunk in patterns.split(part, pattern)] == patterns.split(text, pattern)


@pytest.mark.parametrize(
    "text", ["Où est la gare ? " * 2000, "駅はどこですか。" * 4000, "слово, " * 4000, "word\n" * 7000]
)
def test_texts_of_all_scripts_are_cut_into_small_pieces(text: str):
    assert max(map(len, pieces(text, 1000))) <= 1000
