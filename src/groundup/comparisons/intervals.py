"""Means with 95% intervals over a few seeds (Student's t), written out."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# The 97.5% point of Student's t for 1, 2, ... 30 degrees of freedom, from any statistical table.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True)
class Interval:
    """mean ± half: the 95% interval of the mean; half is None where one value says nothing about its spread."""

    mean: float
    half: float | None

    @property
    def noise(self) -> bool:
        """Whether zero is inside, so that there may be no difference."""
        return self.half is not None and abs(self.mean) <= self.half

    def text(self, digits: int) -> str:
        """`1.735 ± 0.012`."""
        if not math.isfinite(self.mean):
            return "diverged"
        return f"{self.mean:.{digits}f}" + ("" if self.half is None else f" ± {self.half:.{digits}f}")


def interval(values: Sequence[float]) -> Interval:
    """The mean and t * s / sqrt(n); with more than 30 degrees of freedom t is that of 30, a little wide."""
    n = len(values)
    if n < 2 or not all(map(math.isfinite, values)):
        return Interval(sum(values) / n, None)
    return Interval(statistics.fmean(values), _T[min(n - 1, len(_T)) - 1] * statistics.stdev(values) / math.sqrt(n))


def paired(values: Sequence[float], others: Sequence[float]) -> Interval:
    """The interval of values - others, seed by seed, so that the effect of the order of the data cancels."""
    if not all(map(math.isfinite, (*values, *others))):
        return Interval(math.inf, None)
    return interval([a - b for a, b in zip(values, others, strict=True)])
