"""Is one system better than another, or was it luck? sacreBLEU's paired bootstrap test (Koehn 2004; Post 2018)."""

from collections.abc import Sequence
from typing import NamedTuple

from sacrebleu.significance import PairedTest, Result

from groundup.measure.translation import Reference, metrics, reference_streams


class PairedScore(NamedTuple):
    """One measure of two systems on the same sentences."""

    metric: str
    """bleu, chrf or ter."""
    first: float
    second: float
    p_value: float
    """How often so large a difference would come by chance, if the two were equally good; 1 where there is none."""
    signature: str


def paired_scores(
    first: Sequence[str],
    second: Sequence[str],
    references: Sequence[Reference],
    *,
    lowercase: bool = False,
    tokenize: str | None = None,
    resamples: int = 1000,
) -> list[PairedScore]:
    """BLEU, chrF and TER of both systems and the two-sided p-value of each difference, with sacreBLEU's fixed seed.

    first[i] and second[i] translate what references[i] does. ValueError when the counts differ or there is nothing.
    """
    streams = reference_streams(first, references)
    reference_streams(second, references)
    measures = metrics(references, lowercase=lowercase, tokenize=tokenize)
    test = PairedTest([("first", first), ("second", second)], measures, streams, test_type="bs", n_samples=resamples)
    signatures, columns = test()
    found = []
    names = [name for name in columns if name != "System"]  # "BLEU", "chrF2", "TER": in the order of `measures`
    for metric, name in zip(measures, names, strict=True):
        one, other = columns[name]
        assert isinstance(one, Result)
        assert isinstance(other, Result)
        # sacreBLEU gives its smallest p-value to no difference at all.
        p_value = 1.0 if other.p_value is None or one.score == other.score else float(other.p_value)
        found.append(PairedScore(metric, one.score, other.score, p_value, signatures[name].format()))
    return found
