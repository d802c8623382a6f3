"""Answers that begin as they are told to, each with a prefix of its own length: as transformers goes on from it."""

import pytest
import torch
from transformers import MarianMTModel

import groundup as gu
from groundup.run.pairs import PairRun

SENTENCES = ["two cats and dogs.", "six rooms and red cars.", "", "two cats and dogs.", "four dogs and rooms."]
PREFIXES = ["due", "sei stanze e auto", "x", "", "tre cani e"]


@pytest.fixture(scope="module")
def theirs(translator: PairRun, tmp_path_factory) -> MarianMTModel:
    folder = tmp_path_factory.mktemp("exported")
    gu.to_hub(translator.model, folder, tokenizer=translator.target)
    return MarianMTModel.from_pretrained(folder).eval()


@pytest.mark.parametrize("beams", [1, 3])
def test_a_prefix_is_gone_on_from(translator: PairRun, theirs, beams):
    found = translator.answers(SENTENCES, num_beams=beams, prefixes=PREFIXES, max_new_tokens=9)
    assert found[2] == []
    for sentence, prefix, answers in zip(SENTENCES, PREFIXES, found, strict=True):
        if not sentence:
            continue
        begun = [translator.marks.bos, *translator.target.encode(prefix)]
        ids = torch.tensor([translator.source_ids(sentence)])
        expected = theirs.generate(
            ids, attention_mask=torch.ones_like(ids), decoder_input_ids=torch.tensor([begun]), num_beams=beams,
            max_new_tokens=9, do_sample=False, return_dict_in_generate=True, output_scores=True,
        )  # fmt: skip
        written = expected.sequences[0, len(begun) :].tolist()
        assert answers[0].ids == written[: len(answers[0].ids)]
        if beams > 1:
            assert answers[0].score == pytest.approx(expected.sequences_scores[0].item(), abs=1e-4)
        assert answers[0].text.startswith(prefix)


def test_drawn_answers_begin_with_it_too(translator: PairRun):
    for text, prefix in zip(
        translator.translate(SENTENCES, gu.Sample(seed=1), prefixes=PREFIXES), PREFIXES, strict=True
    ):
        assert text.startswith(prefix) or not text


def test_a_prefix_that_fills_the_context_is_refused(translator: PairRun):
    with pytest.raises(ValueError, match=r"a prefix of .* tokens fills the context of 64"):
        translator.translate(SENTENCES[:1], prefixes=["e " * 200])
