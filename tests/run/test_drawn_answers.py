"""Translations whose words are drawn: by the model's own chances, each from its own stream, scored as beams are."""

import itertools
import math
import os
from collections import Counter

import pytest

import groundup as gu
from groundup.decode.choose import Beams, Greedy, Sample, gnmt
from groundup.run.growing import Growing
from groundup.run.lines import answer_lines
from groundup.run.pairs import PairRun

SENTENCES = ["two cats and dogs.", "five old books and red cars.", "", "six rooms", "four dogs and rooms."]
WILD = Sample(temperature=3.0, seed=1)
TAME = Sample(top_k=3, seed=4)


def test_the_likeliest_token_every_time_is_greedy_search(translator: PairRun):
    assert_same(translator.answers(SENTENCES, choose=Greedy()), translator.answers(SENTENCES, num_beams=1))
    assert_same(translator.answers(SENTENCES, choose=Sample(top_k=1)), translator.answers(SENTENCES, num_beams=1))


def assert_same(ours, expected):
    for a, b in zip(ours, expected, strict=True):
        assert [one.ids for one in a] == [one.ids for one in b]
        assert [one.text for one in a] == [one.text for one in b]
        assert [one.score for one in a] == pytest.approx([one.score for one in b], abs=1e-4)


def test_tokens_come_as_often_as_the_model_says(translator: PairRun):
    drawn = translator.answers(SENTENCES[:1], choose=WILD, num_return_sequences=2000, max_new_tokens=1)[0]
    assert len(drawn) == 2000
    counts = Counter(answer.ids[0] for answer in drawn)
    tempered = translator.probabilities(SENTENCES[0], [0])[0] ** (1 / 3)
    expected = (tempered / tempered.sum()).tolist()
    distance = sum(abs(counts[id] / 2000 - p) for id, p in enumerate(expected)) / 2
    of_chance = sum(math.sqrt(p / 2000) for p in expected) / 2  # about what so few draws are off by
    assert distance < 1.3 * of_chance < 0.3


@pytest.mark.parametrize(
    "choose", [WILD, Sample(top_p=0.9, seed=3), Greedy(repetition_penalty=1.5), Beams(1, divisor=lambda n, _: 2 * n)]
)
def test_scores_are_the_models_own_by_teacher_forcing(translator: PairRun, choose):
    for sentence, found in zip(SENTENCES, translator.answers(SENTENCES, choose), strict=True):
        assert len(found) == bool(sentence)
        for answer in found:
            probabilities = translator.probabilities(sentence, answer.ids)
            logprob = probabilities[range(len(answer.ids)), answer.ids].log().sum().item()
            assert answer.logprob == pytest.approx(logprob, abs=1e-3)
            length = len(answer.ids) * (2 if isinstance(choose, Beams) else 1)
            assert answer.score == pytest.approx(logprob / length, abs=1e-3)


def test_an_answer_depends_on_the_seed_and_its_place_alone(translator: PairRun):
    for each in (1, 3):
        together = translator.answers(SENTENCES, choose=WILD, num_return_sequences=each)
        assert together == translator.answers(SENTENCES, choose=WILD, num_return_sequences=each)
        apart = translator.answers(SENTENCES, choose=WILD, num_return_sequences=each, batch=1)
        assert_same(together, apart)
        assert together != translator.answers(SENTENCES, choose=Sample(temperature=3.0, seed=2))
    assert len({answer.text for answer in together[1]}) == 3, "three draws, not one three times"
    first = translator.answers(SENTENCES[:1], choose=WILD)
    assert_same(first, translator.answers([SENTENCES[0], *SENTENCES], choose=WILD)[:1])


def test_every_answer_ends_where_it_may(translator: PairRun):
    eos = translator.marks.eos
    for sentence, found in zip(SENTENCES, translator.answers(SENTENCES, choose=WILD), strict=True):
        most = min(64, 2 * len(translator.source_pieces(sentence)) + 10)
        for answer in found:
            assert eos not in answer.ids[:-1]
            assert answer.ids[-1] == eos or len(answer.ids) == most
    assert {len(found[0].ids) for found in translator.answers(SENTENCES, choose=WILD, max_new_tokens=1) if found} == {1}


@pytest.mark.parametrize("choose", [None, Greedy(no_repeat_ngram_size=2), Sample(temperature=2.0, seed=5)])
@pytest.mark.parametrize("most", [None, 3])
def test_a_stream_is_the_translation_in_pieces(translator: PairRun, choose, most):
    for sentence in SENTENCES:
        pieces = list(translator.stream(sentence, choose=choose, max_new_tokens=most))
        assert ["".join(pieces)] == translator.translate([sentence], choose=choose or Greedy(), max_new_tokens=most)
    assert most is not None or len(list(translator.stream(SENTENCES[0], choose=choose))) > 2
    with pytest.raises(ValueError, match="context of 64"):
        translator.stream("cats " * 100)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"num_beams": 3},
        {"choose": Beams(3, divisor="gnmt")},
        {"num_beams": 4, "early_stopping": "never"},
        {"num_beams": 3, "repetition_penalty": 1.5},
        {"choose": TAME},
    ],
)
def test_what_grows_becomes_the_answer(translator: PairRun, how):
    shown: list[str] = []
    line = f"{SENTENCES[0]} {SENTENCES[4]}"
    ((answer, *_),) = answer_lines(translator, [line], show=shown.append, **how)
    assert shown[-1] == answer.text
    assert len(shown) >= len(answer.ids)
    if not how:
        assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(shown))
    long = " ".join(SENTENCES[:2] * 12)
    ((answer,),) = answer_lines(translator, [long], show=shown.append, **how)
    assert shown[-1].split() == answer.text.split()
    assert shown[-1].split() != line.split()


def test_the_best_so_far_is_the_best_of_the_living_and_the_finished(translator: PairRun):
    """Followed by hand: every hypothesis of every step, ranked by the score of the search."""
    shown: list[str] = []
    best: list[str] = []
    living, ended = [[]], []
    grow = Growing(translator.target, lambda p, n: p / n, shown.append)

    def watch(n, sentence, branches):
        nonlocal living
        grow(n, sentence, branches)
        texts = [(one.logprob / n, [*living[one.parent], one.token], one.kind) for one in branches]
        ended.extend(text for text in texts if text[2] == "finished")
        living = [ids for _, ids, kind in texts if kind == "living"]
        going = [text for text in texts if text[2] == "living"]
        ids = sorted(going + ended, key=lambda text: -text[0])[0][1]
        best.append(translator.target.decode(ids, skip_special=True).rstrip("\ufffd"))

    translator.answers(["five old books and red cars and"], num_beams=4, watch=watch)
    assert shown == best


def test_length_norm_and_early_stopping_reach_the_search(translator: PairRun):
    steps: dict[object, list[int]] = {}
    for early in (True, False, "never"):
        told: list[int] = []
        answers = translator.answers(
            SENTENCES, Beams(4, early_stopping=early, divisor=gnmt), watch=lambda n, *_, told=told: told.append(n)
        )
        steps[early] = told
        for found in answers:
            for answer in found:
                assert answer.score == pytest.approx(answer.logprob / ((5 + len(answer.ids)) / 6), abs=1e-5)
    assert len(steps[True]) < len(steps["never"])
    assert len(steps[True]) <= len(steps[False]) <= len(steps["never"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"num_beams": 3}, "num_beams beside choose: give it to Sample, or leave one out"),
        ({"no_repeat_ngram_size": 2}, "no_repeat_ngram_size beside choose"),
        ({"choose": None, "temperature": 1.0, "num_beams": 3}, r"num_beams \(3\) must be 1 where temperature draws"),
        ({"choose": None, "top_k": 5, "early_stopping": True}, "early_stopping is for beams, and top_k draws"),
        ({"choose": None, "num_beams": 0}, r"num_beams \(0\) must be at least 1"),
        ({"choose": None, "num_return_sequences": 2}, "must be 1 where nothing is drawn; .* or num_beams=2"),
        ({"choose": Beams(2), "num_return_sequences": 3}, r"\(3\) must be between 1 and num_beams \(2\)"),
        (
            {"min_new_tokens": 9, "max_new_tokens": 4},
            r"min_new_tokens \(9\) must be at least 0 and at most max_new_tokens \(4\)",
        ),
        ({"prefixes": ["a"]}, r"prefixes \(1\) must be as many as sentences \(5\)"),
        ({"num_return_sequences": 0}, r"num_return_sequences \(0\)"),
        ({"num_return_sequences": 2, "choose": Greedy()}, "nothing is drawn"),
        ({"num_return_sequences": 2, "watch": print}, "must be 1 where watch"),
        ({"precision": "int4"}, "float32 or int8"),
        ({"max_new_tokens": 0}, r"max_new_tokens \(0\)"),
    ],
)
def test_what_cannot_go_together(translator: PairRun, options, expected):
    with pytest.raises(ValueError, match=expected):
        translator.answers(SENTENCES, **{"choose": WILD} | options)


@pytest.mark.parametrize("method", ["translate", "answers", "refused"])
def test_one_string_is_not_a_list_of_letters(translator: PairRun, method):
    with pytest.raises(ValueError, match=r"sentences is one string; try \w+\(\[text\]\)"):
        getattr(translator, method)("I see.")
    with pytest.raises(ValueError, match="lines is one string"):
        answer_lines(translator, "I see.")


def test_more_beams_than_can_be_are_refused_with_both_numbers(translator: PairRun, monkeypatch):
    with pytest.raises(ValueError, match=r"num_beams \(100000\) must be at most the vocabulary's 300; try num_beams=4"):
        translator.translate(SENTENCES, num_beams=100_000)
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2_000}[name])
    with pytest.raises(
        ValueError, match=r"num_beams \(300\) would take about \d\d MB of memory, and there are 8; try num_beams=4"
    ):
        translator.translate(SENTENCES, num_beams=300)
    with pytest.raises(ValueError, match=r"num_return_sequences \(9000\) would take .* MB of memory"):
        translator.answers(SENTENCES, choose=WILD, num_return_sequences=9000)
    assert translator.translate(SENTENCES, num_beams=4) == gu.load(translator.folder.path).translate(
        SENTENCES, num_beams=4
    )
