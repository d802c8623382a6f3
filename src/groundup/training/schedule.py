"""Learning-rate schedules: a warm-up, then a decay, as functions of the step and of the progress of the run.

A run is limited by steps, by minutes or by both. So a schedule takes two numbers: `n`, the next step (from 1), and
`progress`, the share of the run that is over (0 .. 1). A run limited by minutes therefore also ends at the end of its
schedule.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from groundup.training.settings import TrainSettings


@dataclass(frozen=True)
class Schedule:
    """`schedule(n, progress)` is the learning rate: a linear rise to `peak` over `warmup` steps, then the decay."""

    peak: float
    warmup: int
    decay: Callable[[int, float], float]
    """(n, progress) -> the share of the peak; at most 1 after the warm-up."""

    def __post_init__(self) -> None:
        if self.warmup < 0:
            raise ValueError(f"warmup ({self.warmup} steps) must not be negative; 0 means none")

    def __call__(self, n: int, progress: float) -> float:
        rise = min(1.0, n / self.warmup) if self.warmup else 1.0
        return self.peak * min(rise, self.decay(n, progress))


def constant(peak: float, *, warmup: int = 0) -> Schedule:
    """Warm-up, then `peak` until the end."""
    return Schedule(peak, warmup, lambda n, progress: 1.0)


def cosine(peak: float, *, warmup: int, floor: float = 0.1) -> Schedule:
    """Half a cosine from the end of the warm-up down to `floor` times the peak (Loshchilov & Hutter 2017; GPT-3)."""

    def decay(n: int, progress: float) -> float:
        # The progress at which the warm-up ends: exactly warmup / steps, or an estimate from the pace so far if minutes
        # limit the run. At most one half, so that a run too short for its warm-up still decays.
        begin = min(0.5, progress * warmup / max(1, n - 1))
        over = min(1.0, max(0.0, (progress - begin) / (1 - begin)))
        return floor + (1 - floor) * (1 + math.cos(math.pi * over)) / 2

    return Schedule(peak, warmup, decay)


def inverse_sqrt(peak: float, *, warmup: int) -> Schedule:
    """1 / sqrt(n) after the warm-up (Vaswani et al. 2017, section 5.3). It has no end, so progress is not used."""
    return Schedule(peak, warmup, lambda n, progress: math.sqrt(max(1, warmup) / n))


def wsd(peak: float, *, warmup: int, decay: float = 0.2, floor: float = 0.0) -> Schedule:
    """Warm-up, stable, then a linear fall to `floor` in the last share `decay` of the run (Hu et al. 2024, MiniCPM)."""
    if not 0 < decay <= 1:
        raise ValueError(f"decay ({decay}) is a share of the run, above 0 and at most 1; try 0.2")
    return Schedule(peak, warmup, lambda n, progress: floor + (1 - floor) * min(1.0, (1 - progress) / decay))


def from_settings(settings: TrainSettings) -> Schedule:
    """Return the schedule that the settings name."""
    peak, warmup, floor = settings.lr, settings.warmup, settings.floor
    if settings.schedule == "cosine":
        return cosine(peak, warmup=warmup, floor=floor)
    if settings.schedule == "inverse-sqrt":
        return inverse_sqrt(peak, warmup=warmup)
    if settings.schedule == "wsd":
        return wsd(peak, warmup=warmup, decay=settings.decay, floor=floor)
    return constant(peak, warmup=warmup)
