"""Normalising: one spelling for each thing, and what counts as the same sentence."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groundup.data.normalise import normalise, normalise_sentence, sentence_key


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("Où\u202f?", "Où ?"),
        ("Où\u00a0?", "Où ?"),
        ("Où\u2009?", "Où ?"),
        ("l’eau", "l'eau"),
        ("«\u202fOui\u202f»", "« Oui »"),
        ("“Yes”", '"Yes"'),
        ("\ufeffune\u200b fois", "une fois"),
        ("e\u0301te\u0301", "été"),
        ("e\u200b\u0301", "é"),  # a zero-width space hidden between a letter and its accent
    ],
)
def test_each_thing_has_one_spelling(raw, plain):
    assert normalise(raw) == plain


def test_joiners_that_carry_meaning_stay():
    family = "👨\u200d👩\u200d👧"
    assert normalise(family) == family
    assert normalise("می\u200cخواهم") == "می\u200cخواهم"


@given(st.text())
@example("e\u200b\u0301\u2000")
def test_normalising_twice_changes_nothing_more(text):
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(c) == "Zs" and c != " " for c in once)


@given(st.text())
def test_a_sentence_is_one_line_with_single_spaces(text):
    sentence = normalise_sentence(text)
    assert sentence == " ".join(sentence.split())
    assert normalise_sentence(sentence) == sentence


@pytest.mark.parametrize("same", ["Don't go!", "don’t go.", "DON'T\u00a0 GO", "don't go", "\u200bDon't go?"])
def test_case_punctuation_and_spaces_do_not_make_another_sentence(same):
    assert sentence_key(same) == sentence_key("Don't go.")


@pytest.mark.parametrize(
    ("one", "other"),
    [("I go.", "I went."), ("$5", "€5"), ("?", "!"), ("été", "ete"), ("कि", "की"), ("It is 10:15.", "It is 10:51.")],
)
def test_other_words_make_another_sentence(one, other):
    assert sentence_key(one) != sentence_key(other)
