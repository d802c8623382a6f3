"""How far a comparison is: a line as a run begins and ends; on a terminal one bar over all of them."""

from collections.abc import Collection, Mapping
from pathlib import Path

from groundup.comparisons.bar import Bar
from groundup.comparisons.comparison import Comparison
from groundup.comparisons.trials import Outcome, Trial, progress
from groundup.training.log import read_metrics


class Course:
    """Watches `known` and `running`, which belong to `conduct`; the time to go is judged from the steps taken."""

    def __init__(
        self, comparison: Comparison, root: Path, known: Mapping[Trial, Outcome], running: Collection[Trial]
    ) -> None:
        self.comparison, self.root, self.known, self.running = comparison, root, known, running
        self.bar = Bar("comparing", self.share)

    def __enter__(self) -> "Course":
        if self.known:
            self.bar.say(f"{len(self.known)} runs were finished before")
        self.bar.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.__exit__(*error)

    @property
    def total(self) -> int:
        """Runs in all, as far as one can tell: a grid may still grow."""
        grids = (progress(self.comparison, variant, self.known).grid for variant in self.comparison.variants)
        return sum(len(grid) + len(self.comparison.seeds) - 1 for grid in grids)

    def share(self) -> float:
        """The share of all steps of all runs that is done."""
        steps = {name: recipe.train.steps or 1 for name, recipe in self.comparison.variants.items()}
        under_way = sum(step_reached(trial.folder(self.root)) / steps[trial.variant] for trial in self.running)
        return min(1.0, (len(self.known) + under_way) / self.total)

    def update(self) -> None:
        """Move the bar."""
        self.bar.update(lambda: f"run {min(self.total, len(self.known) + len(self.running))} of {self.total}")

    def begun(self, trial: Trial) -> None:
        """Say which run begins, if no bar shows it."""
        if not self.bar.shown:
            self.bar.say(f"begun   {trial}")

    def finished(self, trial: Trial) -> None:
        """Say how a run ended, and whether its variant's grid has to grow or is settled."""
        outcome = self.known[trial]
        result = outcome.diverged or f"validation {outcome.loss:.4f}  {outcome.training['minutes']:.1f} min"
        self.bar.say(f"{len(self.known)} of {self.total}  {trial}  {result}  {self.bar.to_go()}")
        now = progress(self.comparison, trial.variant, self.known)
        last_of_grid = trial.seed == self.comparison.seeds[0]
        if now.lr is not None and last_of_grid and len(now.grid) > 1:
            edge = ", the edge of its grid: a better one may lie outside" if now.at_edge else ""
            self.bar.say(f"{trial.variant}: learning rate {now.lr:g} is best{edge}")
        elif len(now.grid) > len(self.comparison.grid(trial.variant)) and len(now.missing) == 1:
            (added,) = now.missing
            self.bar.say(f"{trial.variant}: the best is at the edge of its grid, which grows to {added.lr:g}")


def step_reached(folder: Path) -> int:
    """The last step in a run's metrics.jsonl."""
    return max((record["step"] for record in read_metrics(folder / "metrics.jsonl")), default=0)
