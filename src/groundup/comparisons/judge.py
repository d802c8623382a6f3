"""From the outcomes of all runs to the rows of the table."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace

from groundup.comparisons.comparison import Comparison
from groundup.comparisons.intervals import Interval, interval, paired
from groundup.comparisons.trials import Outcome, Trial, progress


@dataclass(frozen=True)
class Row:
    """One variant, at its best learning rate."""

    variant: str
    parameters: int
    lr: float
    grid: list[float]
    at_edge: bool
    values: dict[str, list[float]]
    """Every figure, seed by seed."""
    figures: dict[str, Interval]
    difference: Interval | None
    """What it is worse by than the best variant, or in an ablation better by than the row before; by seed."""
    tokens_per_second: float
    minutes: float


def rows(comparison: Comparison, known: Mapping[Trial, Outcome]) -> list[Row]:
    """The rows, best first; an ablation keeps its own order."""
    made = [_row(comparison, variant, known) for variant in comparison.variants]
    sign = -1 if comparison.measure == "bleu" else 1
    if not comparison.ablation:
        made.sort(key=lambda row: sign * row.figures[comparison.measure].mean)
    others = [None, *made] if comparison.ablation else [None, *[made[0]] * (len(made) - 1)]
    return [
        row if other is None else _with_difference(row, other, comparison, sign)
        for row, other in zip(made, others, strict=False)
    ]


def _row(comparison: Comparison, variant: str, known: Mapping[Trial, Outcome]) -> Row:
    now = progress(comparison, variant, known)
    assert now.lr is not None, "every run of the variant is finished"
    outcomes = [known[Trial(variant, now.lr, seed)] for seed in comparison.seeds]
    worst = float("-inf" if comparison.measure == "bleu" else "inf")
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.figures) or {comparison.measure: None}
    values = {name: [outcome.figures.get(name, worst) for outcome in outcomes] for name in names}
    trained = [outcome.training for outcome in outcomes if outcome.training]
    return Row(
        variant=variant,
        parameters=trained[0]["parameters"] if trained else 0,
        lr=now.lr,
        grid=now.grid,
        at_edge=now.at_edge,
        values=values,
        figures={name: interval(numbers) for name, numbers in values.items()},
        difference=None,
        tokens_per_second=statistics.median(t["target_tokens_per_second"] for t in trained) if trained else 0,
        minutes=statistics.median(t["minutes"] for t in trained) if trained else 0,
    )


def _with_difference(row: Row, other: Row, comparison: Comparison, sign: int) -> Row:
    mine, theirs = ([sign * value for value in r.values[comparison.measure]] for r in (row, other))
    return replace(row, difference=paired(theirs, mine) if comparison.ablation else paired(mine, theirs))
