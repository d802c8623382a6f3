"""Is one system better than another, or was it luck? The paired bootstrap test (Koehn 2004; Post 2018).

For translations it is sacreBLEU's test, over sentences; for language models the same test, over windows of the text.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sacrebleu.significance import PairedTest, Result

from groundup.measure.translation import Reference, metrics, reference_streams


class PairedScore(NamedTuple):
    """One measure of two systems on the same sentences."""

    metric: str
    """The name of the measure: bleu, chrf, ter, or one of FIGURES."""
    first: float
    second: float
    p_value: float
    """How often chance gives such a large difference if both are equally good; 1 if there is no difference."""
    signature: str
    margin: float | None = None
    """Half the width of the 95% interval of the difference, if it was computed."""


Numbers = NDArray[np.float64]
SEED = 12345
"""sacreBLEU's default seed."""
LEAST = 30
"""The fewest windows for which an interval is given."""


class WindowLosses(NamedTuple):
    """The summed loss of each window of a text, with its tokens and bytes; each (W,)."""

    nats: Numbers
    tokens: Numbers
    bytes: Numbers


FIGURES: dict[str, Callable[[WindowLosses], Numbers]] = {
    "loss": lambda sums: sums.nats / sums.tokens,
    "perplexity": lambda sums: np.exp(sums.nats / sums.tokens),
    "bits-per-byte": lambda sums: sums.nats / math.log(2) / sums.bytes,
}


def paired_losses(first: WindowLosses, second: WindowLosses, *, resamples: int = 1000) -> list[PairedScore]:
    """Loss, perplexity and bits per byte of both models, and for each difference its p-value and 95% interval.

    The same windows are drawn for both, with replacement, so both are compared on the same text. For models with
    different tokens only bits per byte are comparable. Raises ValueError for unequal numbers of windows.
    """
    W = len(first.nats)
    if len(second.nats) != W or W == 0:
        raise ValueError(f"windows ({W:,} and {len(second.nats):,}) must be equally many, and at least 1")
    rng, drawn = np.random.default_rng(SEED), []
    for _ in range(resamples):
        rows = rng.integers(W, size=W)
        drawn.append([[column[rows].sum() for column in model] for model in (first, second)])
    sums = np.array(drawn).transpose(1, 2, 0)  # (2, 3, resamples)
    whole = [WindowLosses(*(column.sum() for column in model)) for model in (first, second)]
    names = [*FIGURES] if np.array_equal(first.tokens, second.tokens) else ["bits-per-byte"]
    found = []
    for name in names:
        one, other = (float(FIGURES[name](sum)) for sum in whole)
        with np.errstate(over="ignore"):
            deltas = FIGURES[name](WindowLosses(*sums[1])) - FIGURES[name](WindowLosses(*sums[0]))
        # Count as sacreBLEU does: how often a difference is as far from the mean difference as the measured one.
        as_large = int((np.abs(deltas - deltas.mean()) >= abs(other - one)).sum())
        low, high = np.quantile(deltas, [0.025, 0.975])
        signature = f"paired bootstrap over {W:,} windows, {resamples:,} resamples, seed {SEED}"
        margin = float(high - low) / 2 if W >= LEAST else None
        p_value = 1.0 if one == other else (as_large + 1) / (resamples + 1)
        found.append(PairedScore(name, one, other, p_value, signature, margin))
    return found


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

    first[i], second[i] and references[i] translate the same source. Raises ValueError if the counts differ or are 0.
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
        # sacreBLEU gives its smallest p-value if there is no difference at all.
        p_value = 1.0 if other.p_value is None or one.score == other.score else float(other.p_value)
        found.append(PairedScore(metric, one.score, other.score, p_value, signatures[name].format()))
    return found
