"""Which trainings a comparison needs, in which order: a pure function of what is known so far."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from groundup.comparisons.comparison import Comparison
from groundup.files import write_whole
from groundup.records import make_record, read_json

EXTENSIONS = 2
"""How often a grid may grow, by a factor of two, where its best learning rate is its first or last."""
OUTCOME = "outcome.json"


class Trial(NamedTuple):
    """One training."""

    variant: str
    lr: float
    seed: int

    def folder(self, root: Path) -> Path:
        """Its run folder within the comparison's."""
        return root / self.variant / f"lr-{self.lr:g}-seed-{self.seed}"

    def __str__(self) -> str:
        return f"{self.variant}  lr {self.lr:g}  seed {self.seed}"


@dataclass(frozen=True)
class Outcome:
    """The result of a trial: `outcome.json`, written after everything else."""

    figures: dict[str, float] = field(default_factory=dict)
    """valid, test, test_bits, ... of the best checkpoint by validation; *_last of the last one."""
    training: dict[str, Any] = field(default_factory=dict)
    """The training record of results.json."""
    diverged: str | None = None
    """Why there are no figures: the loss became NaN or infinite."""

    @property
    def loss(self) -> float:
        """What the learning rate is chosen by."""
        return self.figures.get("valid", math.inf)

    def save(self, folder: Path) -> None:
        write_whole(folder / OUTCOME, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")


def read_outcome(folder: Path) -> Outcome | None:
    """The outcome of the run in this folder; None if it has none yet."""
    path = folder / OUTCOME
    if not path.is_file():
        return None
    try:
        return make_record(Outcome, read_json(path), "an outcome")
    except ValueError as error:
        raise ValueError(f"{path}: damaged ({error}); delete it, and the run is judged again") from error


@dataclass(frozen=True)
class Progress:
    """The state of a variant."""

    grid: list[float]
    """The learning rates tried, or to be tried, rising."""
    lr: float | None
    """The best of them, once that is settled."""
    missing: list[Trial]
    """What can be trained now; empty when the variant is through."""

    @property
    def at_edge(self) -> bool:
        """The best learning rate is still the grid's first or last, so a better one may lie outside."""
        return len(self.grid) > 1 and self.lr in (self.grid[0], self.grid[-1])


def progress(comparison: Comparison, variant: str, known: Mapping[Trial, Outcome]) -> Progress:
    """Try every learning rate with the first seed, then the other seeds with the rate that validates best.

    A grid whose best is at its edge grows by a factor of two on that side, at most EXTENSIONS times.
    """
    grid, first = comparison.grid(variant), comparison.seeds[0]
    for extension in range(EXTENSIONS + 1):
        tried = [Trial(variant, lr, first) for lr in grid]
        if missing := [trial for trial in tried if trial not in known]:
            return Progress(grid, None, missing)
        best = min(tried, key=lambda trial: known[trial].loss).lr
        if len(grid) == 1 or grid[0] < best < grid[-1] or extension == EXTENSIONS:
            rest = [Trial(variant, best, seed) for seed in comparison.seeds]
            return Progress(grid, best, [trial for trial in rest if trial not in known])
        grid = [best / 2, *grid] if best == grid[0] else [*grid, best * 2]
    raise AssertionError("the last round returns")


def missing_trials(comparison: Comparison, known: Mapping[Trial, Outcome]) -> list[Trial]:
    """Everything that can be trained now, variant by variant; empty when the comparison is over."""
    return [trial for variant in comparison.variants for trial in progress(comparison, variant, known).missing]
