"""Lines through a translator: what is long goes sentence by sentence, what is bad costs itself only."""

import dataclasses
import re

import pytest

from groundup.run.lines import answer_lines
from groundup.run.sentences import sentences

GOOD = ["one cats and dogs.", "two old books and rooms.", "six red cars and cats."]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("He said “no.” She left.", ["He said “no.”", "She left."]),
        ("a\nb\r\nc\n\n  d", ["a", "b", "c", "d"]),
        ("3.5 metres, www.example.org?!  Yes...\tNo.", ["3.5 metres, www.example.org?!", "Yes...", "No."]),
        ("no end", ["no end"]),
        (" \n ", []),
    ],
)
def test_where_sentences_end(text, parts):
    assert sentences(text) == parts


def test_a_long_line_is_its_sentences_joined(translator):
    long = " ".join(GOOD * 8)
    assert len(translator.source.encode(long)) > translator.recipe.model.context
    for beams in (1, 3):
        alone = translator.answers(GOOD, num_beams=beams)
        ((answer,), (short,)) = answer_lines(translator, [long, GOOD[0]], num_beams=beams)
        assert answer.text == " ".join(found[0].text for found in alone * 8)
        assert answer.logprob == pytest.approx(8 * sum(found[0].logprob for found in alone), rel=1e-4)
        assert answer.score == pytest.approx(answer.logprob / sum(len(found[0].ids) for found in alone * 8), rel=1e-4)
        assert short.text == alone[0][0].text


def test_only_what_is_longer_than_anything_learnt_is_cut(translator):
    two = " ".join(GOOD[:2])
    assert len(translator.source.encode(two)) < translator.recipe.data.max_length
    assert answer_lines(translator, [two]) == translator.answers([two])


def test_a_conversation_is_not_cut(translator, monkeypatch):
    monkeypatch.setattr(translator, "recipe", dataclasses.replace(translator.recipe, task="dialogue"))
    (reason,) = answer_lines(translator, [" ".join(GOOD * 8)])
    assert "context of 64" in reason


def test_without_splitting_both_numbers_are_said(translator):
    (reason,) = answer_lines(translator, [" ".join(GOOD * 8)], split=False)
    assert isinstance(reason, str)
    tokens = int(re.findall(r"a sentence of (\d+) tokens", reason)[0])
    assert tokens == len(translator.source.encode(" ".join(GOOD * 8))) + 1
    assert f"context of {translator.recipe.model.context}" in reason


def test_a_sentence_too_long_costs_its_whole_line_and_no_other(translator):
    lines = [GOOD[0], f"{GOOD[1]} {'cats ' * 300}. {GOOD[2]}", "", GOOD[2], "caf\udce9"]
    found = answer_lines(translator, lines)
    assert [isinstance(answers, str) for answers in found] == [False, True, False, False, True]
    assert "context of 64" in found[1]
    assert found[2] == []
    assert found[4] == "not UTF-8 text"
    assert [found[0][0].text, found[3][0].text] == translator.translate([GOOD[0], GOOD[2]])
