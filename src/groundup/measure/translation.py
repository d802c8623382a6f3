"""Translation quality: BLEU (Papineni et al. 2002) and chrF (Popović 2015), both by sacreBLEU (Post 2018).

Texts go in as people write them, detokenised; a score is only comparable together with its signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

Reference = str | Sequence[str]
"""The human translation of one source, or several of them."""


@dataclass(frozen=True, kw_only=True)
class TranslationScores:
    """Scores of a whole corpus, from 0 to 100, higher is better."""

    bleu: float
    chrf: float
    bleu_signature: str
    chrf_signature: str
    count: int
    """Translations judged."""
    bleu_margin: float | None = None
    """Half the width of the 95% interval by bootstrap over sentences (Koehn 2004); None when not asked for."""
    chrf_margin: float | None = None

    def __str__(self) -> str:
        def shown(score: float, margin: float | None) -> str:
            return f"{score:.2f}" if margin is None else f"{score:.2f} ± {margin:.2f}"

        return (
            f"BLEU {shown(self.bleu, self.bleu_margin)} ({self.bleu_signature})  "
            f"chrF {shown(self.chrf, self.chrf_margin)} ({self.chrf_signature})  on {self.count} translations"
        )


def score_translations(
    hypotheses: Sequence[str],
    references: Sequence[Reference],
    *,
    lowercase: bool = False,
    tokenize: str = "13a",
    resamples: int | None = None,
) -> TranslationScores:
    """Corpus BLEU and chrF2 of the machine's hypotheses[i] against references[i], the human translation or several.

    tokenize is sacreBLEU's own ("13a", "intl", "char", ...); resamples (1000 is usual) adds 95% margins, with
    sacreBLEU's fixed seed. ValueError when the counts differ or there is nothing to score.
    """
    streams = _streams(hypotheses, references)
    if resamples is not None and resamples < 2:
        raise ValueError(f"resamples ({resamples}) must be at least 2; try 1000")
    if tokenize not in BLEU.TOKENIZERS:
        raise ValueError(f"tokenize ({tokenize!r}) must be one of {', '.join(BLEU.TOKENIZERS)}")
    bleu, chrf = BLEU(lowercase=lowercase, tokenize=tokenize), CHRF(lowercase=lowercase)
    bleu_score = bleu.corpus_score(hypotheses, streams, n_bootstrap=resamples or 1)
    chrf_score = chrf.corpus_score(hypotheses, streams, n_bootstrap=resamples or 1)
    return TranslationScores(
        bleu=bleu_score.score,
        chrf=chrf_score.score,
        bleu_signature=bleu.get_signature().format(),
        chrf_signature=chrf.get_signature().format(),
        count=len(hypotheses),
        bleu_margin=None if resamples is None else float(bleu_score._ci),
        chrf_margin=None if resamples is None else float(chrf_score._ci),
    )


class SentenceScore(NamedTuple):
    """One translation among its scores; sentence scores are for finding errors, not for reporting."""

    row: int
    """Where it stands in the lists."""
    hypothesis: str
    reference: Reference
    bleu: float
    """With effective order: n-grams longer than the sentence are left out, so short ones do not all score 0."""
    chrf: float


def sentence_scores(hypotheses: Sequence[str], references: Sequence[Reference]) -> list[SentenceScore]:
    """Every translation with its own BLEU and chrF, the worst by chrF first. ValueError as in `score_translations`."""
    _streams(hypotheses, references)
    bleu, chrf = BLEU(effective_order=True), CHRF()
    scores = []
    for row, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
        judged = [metric.sentence_score(hypothesis, _several(reference)).score for metric in (bleu, chrf)]
        scores.append(SentenceScore(row, hypothesis, reference, *judged))
    return sorted(scores, key=lambda score: (score.chrf, score.bleu))


def _several(reference: Reference) -> list[str]:
    return [reference] if isinstance(reference, str) else list(reference)


def _streams(hypotheses: Sequence[str], references: Sequence[Reference]) -> Any:
    """sacreBLEU's form: the first reference of every source, then the second ones, None where a source has no more."""
    if len(hypotheses) != len(references):
        raise ValueError(
            f"{len(hypotheses)} hypotheses for {len(references)} references; each line needs its own partner"
        )
    if not hypotheses:
        raise ValueError("no translations to score: both lists are empty")
    rows = [_several(reference) for reference in references]
    if bare := [index for index, row in enumerate(rows) if not row]:
        raise ValueError(f"source {bare[0]} has no reference; leave it out of both lists")
    return [list(stream) for stream in zip_longest(*rows)]
