"""Vocabularies of words: what is kept, what is unknown, and that `tokenizers` gives the same ids and text."""

from collections import Counter
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.text.tokenizer import Tokenizer

LINES = ["what's this ? it's a cat .", "qu'est-ce que c'est ? c'est un chat .", "a cat , a chat , un-deux 25 25"]
SPECIALS = ("<pad>", "<bos>", "<eos>")
assigned = st.characters(exclude_categories=["Cs", "Cn"])
texts = st.lists(st.sampled_from(" ".join(LINES).split()) | st.text(assigned, max_size=4), max_size=12).map(" ".join)


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Tokenizer, tokenizers.Tokenizer]:
    path = Tokenizer.words(LINES, specials=SPECIALS).save(tmp_path_factory.mktemp("words"))
    return Tokenizer.load(path), tokenizers.Tokenizer.from_file(str(path))


def test_frequent_words_are_kept_most_frequent_first():
    counts = Counter(" ".join(LINES).split())  # here every sign stands between spaces
    tokenizer = Tokenizer.words(LINES, min_frequency=2, specials=SPECIALS)
    kept = sorted((word for word in counts if counts[word] >= 2), key=lambda word: (-counts[word], word))
    assert [tokenizer.decode([id]) for id in range(tokenizer.vocab_size)] == [*kept, "<unk>", *SPECIALS]
    assert tokenizer.decode(tokenizer.encode("a dog , a cat")) == "a <unk> , a cat"
    assert Tokenizer.words(LINES, min_frequency=1).vocab_size == len(counts) + 1


def test_vocab_size_bounds_the_total():
    tokenizer = Tokenizer.words(LINES, vocab_size=6, specials=SPECIALS)
    assert tokenizer.vocab_size == 6
    assert tokenizer.encode("a un") == [0, tokenizer.special_id("<unk>")]
    with pytest.raises(ValueError, match=r"vocab_size \(4\) must be more than the 4 special tokens"):
        Tokenizer.words(LINES, vocab_size=4, specials=SPECIALS)
    with pytest.raises(ValueError, match=r"no word occurs min_frequency \(9\) times, the most frequent one 3 times"):
        Tokenizer.words(LINES, min_frequency=9)


@settings(max_examples=200, deadline=None)
@given(text=texts)
def test_tokenizers_gives_the_same_ids_and_text(pair: tuple[Tokenizer, tokenizers.Tokenizer], text: str):
    ours, theirs = pair
    ids = ours.encode(text)
    assert theirs.encode(text).ids == ids
    assert theirs.decode(ids, skip_special_tokens=False) == ours.decode(ids)
    assert theirs.decode(ids, skip_special_tokens=True) == ours.decode(ids, skip_special=True)
    stream = ours.stream()
    assert "".join(map(stream.push, ids)) + stream.flush() == ours.decode(ids)


@settings(max_examples=200, deadline=None)
@given(text=texts)
def test_known_words_come_back_up_to_white_space(text: str):
    if text.split():
        tokenizer = Tokenizer.words(text, min_frequency=1)
        assert "".join(tokenizer.decode(tokenizer.encode(text)).split()) == "".join(text.split())


def test_special_tokens_are_made_only_where_allowed(pair: tuple[Tokenizer, tokenizers.Tokenizer]):
    ours, theirs = pair
    text = "<bos>a cat<eos>"
    ids = ours.encode(text, allowed_special="all")
    assert theirs.encode(text).ids == ids
    assert ours.decode(ids) == "<bos> a cat <eos>"
    assert not {ours.special_id(name) for name in SPECIALS} & set(ours.encode(text))


def test_what_only_byte_pairs_can_do_is_refused(pair: tuple[Tokenizer, tokenizers.Tokenizer], tmp_path: Path):
    with pytest.raises(ValueError, match=r"byte 0xff is not UTF-8; only a byte-pair tokenizer"):
        pair[0].encode_bytes(b"a \xff cat")
    assert pair[0].decode_bytes(pair[0].encode_bytes(b"a cat")) == b"a cat"
    with pytest.raises(ValueError, match="only a byte-pair tokenizer can be written as 'gpt2'"):
        pair[0].export(tmp_path, format="gpt2")
