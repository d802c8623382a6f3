"""A trained encoder-decoder from Python: answers, their scores, and what it looks at."""

import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import groundup as gu
from groundup.run.pairs import PairRun

SENTENCES = ["two cats and dogs.", "five old books and red cars.", "one one one", "six rooms", "four dogs and rooms."]


def test_loading_gives_back_the_model_that_was_trained(translator: PairRun):
    loaded = gu.load(translator.folder.path)
    assert isinstance(loaded, PairRun)
    assert not loaded.model.training
    for name, tensor in translator.model.state_dict().items():
        assert tensor.equal(loaded.model.state_dict()[name]), name
    assert loaded.translate(SENTENCES) == translator.translate(SENTENCES)
    assert loaded.recipe == translator.recipe


def test_sentences_may_come_one_by_one(translator: PairRun):
    assert translator.translate(iter(SENTENCES)) == translator.translate(SENTENCES)  # pyright: ignore[reportArgumentType]


def test_it_has_learnt(translator: PairRun):
    assert translator.translate(["two cats and dogs."], num_beams=2) == ["due gatti e cani."]


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
def test_scores_are_the_models_own_by_teacher_forcing(translator: PairRun, penalty: float):
    answers = translator.answers(SENTENCES, num_beams=3, num_return_sequences=3, length_penalty=penalty)
    for sentence, found in zip(SENTENCES, answers, strict=True):
        assert len(found) == 3
        assert [answer.score for answer in found] == sorted((answer.score for answer in found), reverse=True)
        for answer in found:
            probabilities = translator.probabilities(sentence, answer.ids)
            assert probabilities.sum(dim=-1).tolist() == pytest.approx([1.0] * len(answer.ids), abs=1e-5)
            logprob = probabilities[range(len(answer.ids)), answer.ids].log().sum().item()
            assert answer.logprob == pytest.approx(logprob, abs=1e-3)
            assert answer.score == pytest.approx(logprob / len(answer.ids) ** penalty, abs=1e-3)


def test_one_beam_is_the_likeliest_token_every_time(translator: PairRun):
    for sentence in SENTENCES:
        answer = translator.answers([sentence], num_beams=1)[0][0]
        assert answer.ids == translator.probabilities(sentence, answer.ids).argmax(dim=-1).tolist()


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("batch", [2, 128])
def test_together_is_as_alone(translator: PairRun, beams: int, batch: int):
    sentences = [*SENTENCES, "", *SENTENCES[::-1], "   "]
    together = translator.answers(sentences, num_beams=beams, batch=batch)
    for sentence, found in zip(sentences, together, strict=True):
        alone = translator.answers([sentence], num_beams=beams)[0]
        assert [answer.text for answer in found] == [answer.text for answer in alone]
        assert [answer.score for answer in found] == pytest.approx([answer.score for answer in alone], abs=1e-4)


def test_limits_are_kept(translator: PairRun):
    for limit in (1, 3, 1000):
        found = translator.answers(SENTENCES, max_new_tokens=limit, num_beams=2)
        assert all(1 <= len(answers[0].ids) <= min(limit, translator.recipe.model.context) for answers in found)
    with pytest.raises(ValueError, match=r"max_new_tokens \(0\)"):
        translator.translate(SENTENCES, max_new_tokens=0)
    with pytest.raises(ValueError, match=r"num_beams \(0\)"):
        translator.translate(SENTENCES, num_beams=0)


def test_typographic_spaces_and_quotes_are_read_as_in_training(translator: PairRun):
    assert translator.translate(["two\u202fcats\u00a0and dogs ."]) == translator.translate(["two cats and dogs ."])


def test_a_sentence_up_to_the_context_is_read_and_one_more_token_is_not(translator: PairRun):
    context = translator.recipe.model.context
    longest = " ".join(["ƿ"] * 999)
    while len(translator.source.encode(longest)) >= context:
        longest = longest[:-1].strip()
    assert len(translator.translate([longest])) == 1
    too_long = longest + " ƿƿƿ"
    tokens = len(translator.source.encode(too_long)) + 1
    with pytest.raises(ValueError, match=rf"{tokens} tokens .* context of {context}"):
        translator.translate([longest, too_long])
    assert list(translator.refused([longest, too_long, ""])) == [1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=12))
def test_any_short_text_has_an_answer_and_any_map_sums_to_one(translator: PairRun, text: str):
    answers = translator.answers([text], max_new_tokens=4, num_beams=2)[0]
    assert bool(answers) == bool(translator.source_pieces(text)[:-1])
    for answer in answers:
        assert math.isfinite(answer.score)
        with gu.record_attention(translator.model) as maps:
            translator.probabilities(text, answer.ids)
        for (weights,) in maps.values():
            torch.testing.assert_close(weights.sum(dim=-1), torch.ones(weights.shape[:-1]), atol=1e-4, rtol=0)


def test_looking_changes_nothing(translator: PairRun):
    answer = translator.answers(SENTENCES[:1])[0][0]
    unseen = translator.probabilities(SENTENCES[0], answer.ids)
    with gu.record_attention(translator.model):
        seen = translator.probabilities(SENTENCES[0], answer.ids)
    assert seen.equal(unseen)
