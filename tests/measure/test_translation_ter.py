"""TER, and intervals where sacreBLEU's own corpus_score would fail."""

import pytest
import sacrebleu

from groundup.measure.translation import score_translations

HYPOTHESES = ["the cat sat on mat", "a Dog", "here we go again and again"]
REFERENCES = ["the cat sat on the mat", "a dog", "here we go"]


def test_ter_is_sacrebleus_and_counts_case_unless_told_not_to():
    scores = score_translations(HYPOTHESES, REFERENCES)
    assert scores.ter == sacrebleu.corpus_ter(HYPOTHESES, [REFERENCES], case_sensitive=True).score
    assert "case:mixed|tok:tercom" in scores.ter_signature
    lower = score_translations(HYPOTHESES, REFERENCES, lowercase=True)
    assert lower.ter == sacrebleu.corpus_ter(HYPOTHESES, [REFERENCES]).score < scores.ter
    assert "case:lc" in lower.ter_signature


def test_the_margin_is_that_of_sacrebleus_corpus_score():
    scores = score_translations(HYPOTHESES * 10, REFERENCES * 10, resamples=100)
    theirs = sacrebleu.metrics.BLEU().corpus_score(HYPOTHESES * 10, [REFERENCES * 10], n_bootstrap=100)
    assert scores.bleu_margin == pytest.approx(theirs._ci)


def test_answers_of_which_some_are_empty_have_margins():
    scores = score_translations(["", "a b c d e"] * 15, ["x", "a b c d e"] * 15, resamples=50)
    assert scores.bleu_margin is not None
    assert scores.ter_margin is not None
