"""Translation quality: BLEU (Papineni et al. 2002), chrF (Popović 2015) and TER (Snover et al. 2006), by sacreBLEU
(Post 2018).

Texts must be detokenised, as people write them. Scores can be compared only if their signatures are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER
from sacrebleu.significance import PairedTest, Result

from groundup.measure.scripts import asian, check_tokenizer, tokenizer_of

Reference = str | Sequence[str]
"""The human translation of one source, or several of them."""
SENTENCES = 30
"""The fewest sentences for a bootstrap interval: with fewer it means nothing (one right and one wrong: 50 ± 50)."""


@dataclass(frozen=True, kw_only=True)
class TranslationScores:
    """Scores of a whole corpus: BLEU and chrF from 0 to 100, higher is better; TER from 0 up, lower is better."""

    bleu: float
    chrf: float
    ter: float
    """Edits per hundred words of the reference; moving a phrase is one edit."""
    bleu_signature: str
    chrf_signature: str
    ter_signature: str
    count: int
    """The number of translations."""
    bleu_margin: float | None = None
    """Half the width of the 95% interval by bootstrap over sentences (Koehn 2004); None if not asked for."""
    chrf_margin: float | None = None
    ter_margin: float | None = None

    def __str__(self) -> str:
        def shown(score: float, margin: float | None) -> str:
            return f"{score:.2f}" if margin is None else f"{score:.2f} ± {margin:.2f}"

        return (
            f"BLEU {shown(self.bleu, self.bleu_margin)} ({self.bleu_signature})  "
            f"chrF {shown(self.chrf, self.chrf_margin)} ({self.chrf_signature})  "
            f"TER {shown(self.ter, self.ter_margin)} ({self.ter_signature})  on {self.count} translations"
        )


def score_translations(
    hypotheses: Sequence[str],
    references: Sequence[Reference],
    *,
    lowercase: bool = False,
    tokenize: str | None = None,
    resamples: int | None = None,
) -> TranslationScores:
    """Corpus BLEU, chrF2 and TER of hypotheses[i] against references[i], which is one human translation or several.

    tokenize: a tokenizer of sacreBLEU ("13a", "intl", "char", ...); None: the one for the script of the references.
    resamples (1000 is usual) adds 95% margins, with sacreBLEU's fixed seed, if there are SENTENCES or more. Raises
    ValueError if the counts differ or there is nothing to score.
    """
    streams = reference_streams(hypotheses, references)
    if resamples is not None and resamples < 2:
        raise ValueError(f"resamples ({resamples}) must be at least 2; try 1000")
    found: dict[str, Any] = {}
    for name, metric in metrics(references, lowercase=lowercase, tokenize=tokenize).items():
        if resamples is None or len(hypotheses) < SENTENCES:
            found[name] = metric.corpus_score(hypotheses, streams).score
            found[f"{name}_signature"] = metric.get_signature().format()
        else:  # corpus_score has a bootstrap too, but fails if some resamples are empty and some are not
            signatures, columns = PairedTest([("", hypotheses)], {name: metric}, streams, "bs", resamples)()
            ((label, signature),) = signatures.items()
            (result,) = columns[label]
            assert isinstance(result, Result)
            found[name], found[f"{name}_margin"] = float(result.score), float(result.ci or 0)
            found[f"{name}_signature"] = signature.format()
    return TranslationScores(count=len(hypotheses), **found)


def metrics(
    references: Sequence[Reference], *, lowercase: bool = False, tokenize: str | None = None
) -> dict[str, Metric]:
    """Return the three measures as sacreBLEU's objects, which also give their signatures."""
    tokenize = chosen(references, tokenize)
    parted = asian(tokenize)
    return {
        "bleu": BLEU(lowercase=lowercase, tokenize=tokenize),
        "chrf": CHRF(lowercase=lowercase),
        "ter": TER(case_sensitive=not lowercase, normalized=parted, asian_support=parted),
    }


def chosen(references: Sequence[Reference], tokenize: str | None) -> str:
    """Return the name of sacreBLEU's tokenizer: the given one, else the one for the script of the references."""
    if tokenize is None:
        return tokenizer_of(text for reference in references for text in _several(reference))
    check_tokenizer(tokenize)
    return tokenize


class SentenceScore(NamedTuple):
    """One translation with its scores. Use sentence scores to find errors, not to report quality."""

    row: int
    """The index in the lists."""
    hypothesis: str
    reference: Reference
    bleu: float
    """BLEU with effective order: n-grams longer than the sentence are left out, so short ones do not all score 0."""
    chrf: float


def sentence_scores(
    hypotheses: Sequence[str],
    references: Sequence[Reference],
    *,
    lowercase: bool = False,
    tokenize: str | None = None,
) -> list[SentenceScore]:
    """Score every translation by itself; the worst by chrF comes first. Raises ValueError as `score_translations`."""
    reference_streams(hypotheses, references)
    bleu = BLEU(lowercase=lowercase, tokenize=chosen(references, tokenize), effective_order=True)
    chrf = CHRF(lowercase=lowercase)
    scores = []
    for row, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
        judged = [metric.sentence_score(hypothesis, _several(reference)).score for metric in (bleu, chrf)]
        scores.append(SentenceScore(row, hypothesis, reference, *judged))
    return sorted(scores, key=lambda score: (score.chrf, score.bleu))


def _several(reference: Reference) -> list[str]:
    return [reference] if isinstance(reference, str) else list(reference)


def reference_streams(hypotheses: Sequence[str], references: Sequence[Reference]) -> Any:
    """Return sacreBLEU's form: a list of all first references, one of all second ones, ...; None if there is none."""
    if len(hypotheses) != len(references):
        raise ValueError(
            f"{len(hypotheses)} hypotheses for {len(references)} references; there must be one reference for each"
        )
    if not hypotheses:
        raise ValueError("no translations to score: both lists are empty")
    rows = [_several(reference) for reference in references]
    if bare := [index for index, row in enumerate(rows) if not row]:
        raise ValueError(f"source {bare[0]} has no reference; leave it out of both lists")
    return [list(stream) for stream in zip_longest(*rows)]
