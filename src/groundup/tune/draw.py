"""The settings of the trials: optuna draws them at random, and keeps what became of them in study.db.

All are drawn before the first is trained. A sampler that looks at earlier results would draw others after an
interruption, or where trainings end in another order.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from groundup.comparisons.trials import Outcome

INSTALL = "tune needs optuna: pip install 'groundup[tune]'"
NAME = "tune"  # of the study in its file
MISSES = 200
"""Draws in a row that give nothing new; then the space is taken as used up."""


def installed() -> Any:
    """The library, or ValueError with the cure."""
    try:
        import optuna
    except ModuleNotFoundError:
        raise ValueError(INSTALL) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def draw(
    choices: Mapping[str, Sequence[float]], first: dict[str, float], count: int, seed: int, fits: Callable[..., bool]
) -> list[dict[str, float]]:
    """`count` different settings, or as many as there are; the given one is the first. fits: whether one can be."""
    optuna = installed()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    found, misses = [first], 0
    while len(found) < count and misses < MISSES:
        settings = dict(study.ask(_distributions(choices)).params)
        if settings in found or not fits(settings):
            misses += 1
        else:
            found, misses = [*found, settings], 0
    return found


class Study:
    """study.db of a tune: for people, and for tools such as optuna-dashboard. Trials are numbered as in the plan."""

    def __init__(self, folder: Path) -> None:
        self.optuna, self.path = installed(), folder / "study.db"

    @property
    def storage(self) -> str:
        return f"sqlite:///{self.path}"

    def begin(self, choices: Mapping[str, Sequence[float]], trials: Sequence[dict[str, float]]) -> None:
        """A fresh study with all trials, none of them trained yet."""
        self.path.unlink(missing_ok=True)
        study = self.optuna.create_study(storage=self.storage, study_name=NAME, direction="minimize")
        for settings in trials:
            study.enqueue_trial(settings)
        for _ in trials:
            study.ask(_distributions(choices))

    def go_on(self, choices: Mapping[str, Sequence[float]], trials: Sequence[dict[str, float]]) -> None:
        """See that the study of an earlier call can be read. One that is gone begins afresh: all results lie elsewhere.

        ValueError where its file is damaged.
        """
        if not self.path.is_file():
            return self.begin(choices, trials)
        try:
            self.optuna.load_study(storage=self.storage, study_name=NAME)
        except Exception as error:  # of optuna, of the library that reads the file, or KeyError
            raise ValueError(
                f"{self.path}: damaged ({type(error).__name__}); delete it and give the same command again: "
                "it is written anew, and nothing is trained twice"
            ) from error

    def keep(self, rung: int, losses: Mapping[int, float], *, ended: Mapping[int, bool]) -> None:
        """Write the losses of a rung, and which trials ended there: True where they were through, False where they were
        dropped. What is written already stays."""
        state = self.optuna.trial.TrialState
        study = self.optuna.load_study(storage=self.storage, study_name=NAME)
        for trial in study.get_trials(deepcopy=False):
            if trial.number not in losses or trial.state.is_finished():
                continue
            writing, loss = self.optuna.trial.Trial(study, trial._trial_id), losses[trial.number]
            finite = loss < float("inf")
            if finite and rung not in trial.intermediate_values:
                writing.report(loss, step=rung)
            if not finite:
                study.tell(writing, state=state.FAIL)
            elif trial.number in ended:
                through = ended[trial.number]
                study.tell(writing, loss if through else None, state=state.COMPLETE if through else state.PRUNED)


def _distributions(choices: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    optuna = installed()
    return {name: optuna.distributions.CategoricalDistribution(list(values)) for name, values in choices.items()}


def loss_of(outcome: Outcome, measure: str) -> float:
    """What trials are ranked by; infinite where the training diverged."""
    return outcome.figures.get(measure, float("inf"))
