"""Offsets are those of Hugging Face's `tokenizers`, and cut the text into what the tokens say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Theirs

import groundup as gu

TEXTS = ["The cat sat on the mat.\nThe dog, too!", "naïve café 漢字 🙂🙂 ﷽", "x\tdef f(x):\r\n    return 'é'", ""]


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[gu.Tokenizer, Theirs]:
    ours = gu.Tokenizer.train_from_texts(TEXTS * 3, vocab_size=300)
    return ours, Theirs.from_file(str(ours.save(tmp_path_factory.mktemp("tokenizer") / "tokenizer.json")))


@settings(deadline=None, max_examples=100)
@given(st.one_of(st.sampled_from(TEXTS), st.text(max_size=30)))
def test_they_are_those_of_tokenizers(both, text):
    ours, theirs = both
    ids, offsets = ours.encode_with_offsets(text)
    expected = theirs.encode(text)
    assert ids == ours.encode(text) == expected.ids
    assert offsets == expected.offsets


@pytest.mark.parametrize("text", TEXTS)
def test_characters_and_words(text):
    characters = gu.Tokenizer.characters(TEXTS)
    ids, offsets = characters.encode_with_offsets(text)
    assert [text[a:b] for a, b in offsets] == list(text) == [characters.decode([id]) for id in ids]
    words = gu.Tokenizer.words(TEXTS[:2], min_frequency=1)
    ids, offsets = words.encode_with_offsets(text)
    for id, (a, b) in zip(ids, offsets, strict=True):
        assert words.decode([id]) in (text[a:b], "<unk>")


def test_half_a_surrogate_pair_counts_as_one_character(both):
    text = "a\ud800b"
    _, offsets = both[0].encode_with_offsets(text)
    assert (offsets[0], offsets[-1]) == ((0, 1), (2, 3))
    assert {text[a:b] for a, b in offsets[1:-1]} == {"\ud800"}


def test_ids_that_do_not_spell_the_text_are_refused(both):
    from groundup.text.offsets import offsets

    with pytest.raises(ValueError, match="do not spell"):
        offsets("cat", both[0].encode("dog"), both[0].token_bytes)
