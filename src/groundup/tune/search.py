"""A tune from the first step to the last: range test, speeds, plan, rungs. What is finished is never repeated."""

import math
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from groundup.comparisons.bar import Bar
from groundup.comparisons.changes import counted
from groundup.comparisons.course import step_reached
from groundup.comparisons.one_run import PLAN as RECIPE_PLAN
from groundup.comparisons.processes import outcome_of, start, stopping
from groundup.comparisons.trials import Outcome, read_outcome
from groundup.recipes.recipe import Recipe, save_recipe
from groundup.run.own_code import STOCK, OwnCode
from groundup.tune import one
from groundup.tune.draw import Study, loss_of
from groundup.tune.plan import Plan, survivors
from groundup.tune.range_test import Curve, read_curve
from groundup.tune.space import Axis, of_recipe, with_settings

PLAN, ASKED = "plan.json", "asked.json"


@dataclass(frozen=True)
class Tune:
    """What is tuned, and where it all lies."""

    recipe: Recipe
    """Complete, with the data; its length is the longest that a trial is trained for."""
    folder: Path
    code: OwnCode = STOCK
    trained: bool = True
    """Whether the tokenizer is trained, and not given with the data."""

    @cached_property
    def axes(self) -> dict[str, Axis]:
        return of_recipe(self.recipe, own_model=self.code.model is not None, trained=self.trained)

    @property
    def measure(self) -> str:
        """What trials are ranked by: where the vocabulary varies, a loss a token says nothing."""
        return "valid_bits" if "vocabulary" in self.axes else "valid"

    @property
    def range_folder(self) -> Path:
        return self.folder / "range"

    @property
    def plan_file(self) -> Path:
        return self.folder / PLAN

    @property
    def asked_file(self) -> Path:
        """The recipe that is tuned."""
        return self.folder / ASKED

    @property
    def trials(self) -> Path:
        return self.folder / "trials"

    @property
    def study(self) -> Study:
        return Study(self.folder)

    def curve(self) -> Curve:
        return read_curve(self.range_folder / one.CURVE)

    def trial_folder(self, number: int, rung: int) -> Path:
        return self.trials / f"{number:02}-rung-{rung}"

    def changed(self, settings: Mapping[str, float]) -> Recipe:
        return with_settings(self.recipe, self.axes, settings)

    def trial(self, plan: Plan, number: int, rung: int) -> Recipe:
        """The recipe of one training, its schedule planned to the end of its rung."""
        recipe, steps = self.changed(plan.trials[number]), plan.steps[number][rung]
        recipe = counted(replace(recipe, name=f"trial-{number:02}"), steps)
        every = -(-steps // 4)
        return replace(recipe, train=replace(recipe.train, patience=None, validate_every=every, save_every=steps))

    def train(self, folder: Path, recipe: Recipe, what: str, *, threads: int) -> subprocess.Popen:
        """Start the range test or a trial in its folder."""
        folder.mkdir(parents=True, exist_ok=True)
        recipe = self.code.signed(recipe)
        self.code.keep(folder)
        save_recipe(recipe, folder / RECIPE_PLAN)
        return start(one.__name__, folder, what, threads=threads)


@dataclass
class Progress:
    """What is known of a tune, rung by rung."""

    tune: Tune
    plan: Plan
    known: dict[tuple[int, int], Outcome] = field(default_factory=dict)
    """Outcomes by trial and rung."""

    def losses(self, rung: int) -> dict[int, float]:
        """The loss of each trial that this rung has finished."""
        return {n: loss_of(out, self.tune.measure) for (n, at), out in self.known.items() if at == rung}

    def members(self, rung: int) -> list[int]:
        """The trials of a rung, best of the one below first, which must be finished."""
        if rung == 0:
            return list(range(self.plan.rungs[0]))
        return survivors(self.losses(rung - 1), self.plan.rungs[rung])

    def ranked(self) -> list[int]:
        """All trials, the best first: those of a higher rung before those of a lower one."""
        found: list[int] = []
        for rung in reversed(range(len(self.plan.rungs))):
            losses = self.losses(rung)
            found += [number for number in survivors(losses, len(losses)) if number not in found]
        return found

    def reached(self, number: int) -> int:
        """The highest rung that this trial was trained on."""
        return max(rung for n, rung in self.known if n == number)

    def done(self, running: Mapping[tuple[int, int], subprocess.Popen]) -> float:
        """The share of the whole plan that is done, 0 .. 1, by the time that it was meant to take."""
        plan = self.plan
        total = sum(count * seconds for count, seconds in zip(plan.rungs, plan.seconds, strict=True))
        past = sum(plan.seconds[rung] for _, rung in self.known)
        for number, rung in running:
            at = step_reached(self.tune.trial_folder(number, rung))
            past += plan.seconds[rung] * at / plan.steps[number][rung]
        return min(1.0, past / total)


def search(tune: Tune, plan: Plan) -> Progress:
    """Train what is missing of the plan, a few trials at a time. Ctrl-C stops them, and they save themselves first."""
    progress, running = Progress(tune, plan), dict[tuple[int, int], subprocess.Popen]()
    with stopping(running), Bar("tuning", lambda: progress.done(running)) as bar:
        for rung, count in enumerate(plan.rungs):
            members = progress.members(rung)
            waiting = _without_finished(progress, members, rung)
            if waiting:
                bar.say(f"rung {rung + 1} of {len(plan.rungs)}: {count} trials of about {plan.seconds[rung]:.0f} s")
            while waiting or running:
                while waiting and len(running) < plan.jobs:
                    key = waiting.pop(0), rung
                    running[key] = _begin(tune, plan, *key)
                time.sleep(0.1)
                for key in [key for key, process in running.items() if process.poll() is not None]:
                    progress.known[key] = outcome_of(tune.trial_folder(*key), running.pop(key))
                    bar.say(f"{_line(progress, *key)}  {bar.to_go()}")
                bar.update(lambda: f"{len(progress.known)} of {sum(plan.rungs)} trainings")
            _keep(progress, rung)
    if min(progress.losses(len(plan.rungs) - 1).values()) == math.inf:
        raise ValueError(f"{tune.folder}: every trial diverged; try a lower --train.lr, and groundup doctor")
    return progress


def _without_finished(progress: Progress, members: list[int], rung: int) -> list[int]:
    """The members that are still to be trained; what earlier calls have finished becomes known."""
    for number in members:
        if (outcome := read_outcome(progress.tune.trial_folder(number, rung))) is not None:
            progress.known[number, rung] = outcome
    return [number for number in members if (number, rung) not in progress.known]


def _begin(tune: Tune, plan: Plan, number: int, rung: int) -> subprocess.Popen:
    folder = tune.trial_folder(number, rung)
    return tune.train(folder, tune.trial(plan, number, rung), str(plan.held_out[rung]), threads=plan.threads)


def _line(progress: Progress, number: int, rung: int) -> str:
    outcome, plan = progress.known[number, rung], progress.plan
    result = outcome.diverged or f"{loss_of(outcome, progress.tune.measure):.4f}"
    settings = "  ".join(f"{name} {value:g}" for name, value in plan.trials[number].items())
    return f"{len(progress.known)} of {sum(plan.rungs)}  trial {number}  {result}  {settings}"


def _keep(progress: Progress, rung: int) -> None:
    """Write a finished rung into study.db."""
    losses, last = progress.losses(rung), rung == len(progress.plan.rungs) - 1
    above = set(losses) if last else set(survivors(losses, progress.plan.rungs[rung + 1]))
    ended = {number: last for number in losses if last or number not in above}
    progress.tune.study.keep(rung, losses, ended=ended)
