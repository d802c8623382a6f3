"""The paired test against sacreBLEU's own and against what must be so."""

import random

import pytest
import sacrebleu

from groundup.measure.paired import paired_scores

WORDS = "the a cat dog house sea sees eats likes big small old red here there today".split()


def corpus(rows: int, seed: int) -> list[str]:
    random_ = random.Random(seed)
    return [" ".join(random_.choices(WORDS, k=random_.randint(4, 12))) for _ in range(rows)]


def spoilt(references: list[str], share: float, seed: int) -> list[str]:
    random_ = random.Random(seed)
    return [" ".join(w if random_.random() > share else "wrong" for w in line.split()) for line in references]


REFERENCES = corpus(80, 0)


def test_the_scores_are_sacrebleus_and_the_second_minus_the_first_has_the_right_sign():
    good, bad = spoilt(REFERENCES, 0.1, 1), spoilt(REFERENCES, 0.4, 2)
    bleu, chrf, ter = paired_scores(bad, good, REFERENCES, resamples=200)
    assert [s.metric for s in (bleu, chrf, ter)] == ["bleu", "chrf", "ter"]
    assert (bleu.first, bleu.second) == (
        sacrebleu.corpus_bleu(bad, [REFERENCES]).score, sacrebleu.corpus_bleu(good, [REFERENCES]).score,
    )  # fmt: skip
    assert chrf.second == sacrebleu.corpus_chrf(good, [REFERENCES]).score
    assert ter.second < ter.first
    assert bleu.second > bleu.first
    assert max(s.p_value for s in (bleu, chrf, ter)) < 0.02
    assert "bs:200|seed:12345" in bleu.signature


def test_luck_is_not_called_better_and_no_difference_is_no_news():
    one, other = spoilt(REFERENCES, 0.3, 3), spoilt(REFERENCES, 0.3, 4)
    assert min(s.p_value for s in paired_scores(one, other, REFERENCES, resamples=200)) > 0.05
    assert [s.p_value for s in paired_scores(one, one, REFERENCES, resamples=50)] == [1.0, 1.0, 1.0]


def test_case_and_mistakes():
    loud = [line.upper() for line in REFERENCES]
    bleu, *_ = paired_scores(loud, REFERENCES, REFERENCES, lowercase=True, resamples=20)
    assert bleu.first == bleu.second == pytest.approx(100)
    assert "case:lc" in bleu.signature
    with pytest.raises(ValueError, match="80 hypotheses for 79 references"):
        paired_scores(REFERENCES, REFERENCES, REFERENCES[1:])
    with pytest.raises(ValueError, match="79 hypotheses for 80 references"):
        paired_scores(REFERENCES, REFERENCES[1:], REFERENCES)
