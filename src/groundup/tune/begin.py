"""What comes before the first trial: the range test, and how fast everything is; then the plan."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from groundup.comparisons.changes import difference
from groundup.comparisons.estimate import seconds_a_step
from groundup.comparisons.processes import failure, shared_out, stopping
from groundup.flow.complete import planned
from groundup.machine import installed
from groundup.plan.here import needs, refuse_too_much
from groundup.recipes.recipe import Recipe, load_recipe, save_recipe
from groundup.training.precision import choose_device
from groundup.tune import one
from groundup.tune.draw import draw
from groundup.tune.plan import (
    FACTOR,
    TRIALS,
    VALIDATING,
    Plan,
    Speed,
    first_rung,
    how_many,
    read_plan,
    rungs,
    steps_of,
    takes,
)
from groundup.tune.range_test import STEPS, Curve
from groundup.tune.search import Tune
from groundup.tune.space import choices, own, rounded

JUDGED = 0.12
"""Tokens to validate on, as a share of those trained on: a forward pass is a third of a step, so four validations and
the one before the first step take a fifth of the time (VALIDATING)."""
FEWEST = 8192
"""Tokens to validate on at least."""

Asked = dict[str, Any]
"""The minutes, trials and seed that the command asks for."""
Say = Callable[[str], None]


def begin(tune: Tune, asked: Asked, *, jobs: int | None, say: Say) -> Plan:
    """The plan of this tune: what an earlier call has written, or a new one.

    ValueError where the folder is another tune's, or something else.
    """
    if (plan := read_plan(tune.plan_file)) is None:
        if not tune.asked_file.is_file() and any(one != tune.trials for one in tune.folder.glob("[!.]*")):
            raise ValueError(f"{tune.folder} is there already and is no tune; choose another --name")
        tune.trials.mkdir(parents=True, exist_ok=True)
        save_recipe(tune.recipe, tune.asked_file)
        return make_plan(tune, asked, jobs=jobs, say=say)
    cure = f"give another --name, or delete {tune.folder}"
    for name, value in asked.items():
        if value != plan.asked[name]:
            raise ValueError(f"{tune.folder} was begun with --{name} {plan.asked[name]}, not {value}; {cure}")
    if (said := difference(load_recipe(tune.asked_file), tune.recipe)) is not None:
        raise ValueError(f"{tune.folder} was begun with {said}; {cure}")
    if jobs is not None:  # as many threads each: they decide the last digits
        plan = replace(plan, jobs=min(jobs, plan.rungs[0]))
    tune.study.go_on(plan.axes, plan.trials)
    say(f"plan         {describe(plan)}; going on")
    return plan


def make_plan(tune: Tune, asked: Asked, *, jobs: int | None, say: Say) -> Plan:
    """Measure, and write the plan. ValueError where the minutes are too few."""
    minutes, trials, seed = 60 * asked["minutes"], asked["trials"], asked["seed"]
    recipe, began = tune.recipe, time.perf_counter()
    refuse_too_much(planned(recipe))
    jobs, threads = _shared_out(recipe, trials or TRIALS, jobs)
    drawn = draw(
        choices(recipe, tune.axes),
        own(recipe, tune.axes) | {"rate": 1.0},
        trials or TRIALS,
        seed,
        lambda settings: _fits(tune, settings, jobs),
    )
    say(f"range test   the learning rate rises for up to {STEPS} steps; meanwhile steps of all trials are timed")
    curve, start, steps = _measure(tune, drawn, threads=threads, beside=jobs > 1)
    say(f"             a rate of {curve.chosen:g} is chosen; the recipe has {recipe.train.lr:g}")
    speed, used = Speed(curve.seconds_a_step, start, _length(recipe, curve)), time.perf_counter() - began
    timed = _with_rates(drawn, steps, curve.chosen, recipe.train.lr)
    count = min(len(timed), how_many(trials, minutes - used, speed, jobs, used=used))
    first, ladder = first_rung(count, minutes - used, speed, jobs), rungs(count)
    settings, seconds = zip(*timed[:count], strict=True)
    plan = Plan(
        asked=asked,
        rate=curve.chosen,
        axes={name: sorted({one[name] for one in settings}) for name in settings[0]},
        trials=list(settings),
        rungs=ladder,
        steps=steps_of(seconds, first, len(ladder)),
        seconds=[VALIDATING * first * FACTOR**rung for rung in range(len(ladder))],
        held_out=[_share(curve, first * FACTOR**rung) for rung in range(len(ladder))],
        jobs=jobs,
        threads=threads,
    )
    say(f"plan         {describe(plan)}, about {takes(count, first, speed, jobs) / 60:.1f} minutes")
    tune.study.begin(plan.axes, plan.trials)
    plan.save(tune.plan_file)
    return plan


def describe(plan: Plan) -> str:
    """The trials of each rung, in words."""
    parts = [f"{count} of {seconds:.0f} s" for count, seconds in zip(plan.rungs, plan.seconds, strict=True)]
    beside = f", {plan.jobs} at a time" if plan.jobs > 1 else ""
    return f"{plan.rungs[0]} trials: {', then '.join(parts)}{beside}"


def _measure(
    tune: Tune, drawn: Sequence[dict[str, float]], *, threads: int, beside: bool
) -> tuple[Curve, float, list[float]]:
    """The range test, the seconds that its process took to begin, and the seconds of a step with every settings.

    beside: whether steps are timed while the range test runs, as trials will run beside each other.
    """
    (tune.range_folder / one.CURVE).unlink(missing_ok=True)
    began = time.time()
    process = tune.train(tune.range_folder, replace(tune.recipe, name="range-test"), one.RANGE, threads=threads)
    with stopping({0: process}):
        found = _speeds(tune, drawn, threads) if beside else []
        process.wait()
    if not (tune.range_folder / one.CURVE).is_file():
        raise failure(tune.range_folder, process)
    curve = tune.curve()
    found = found or _speeds(tune, drawn, threads)
    return curve, max(0.0, curve.ended - began - curve.seconds), [curve.seconds_a_step * t / found[0] for t in found]


def _speeds(tune: Tune, drawn: Sequence[dict[str, float]], threads: int) -> list[float]:
    """The seconds of a step with every settings, on random tokens."""
    before, found = torch.get_num_threads(), {}
    torch.set_num_threads(threads)
    try:
        for settings in drawn:
            shape = _shape(settings)
            if shape not in found:
                found[shape] = seconds_a_step(planned(tune.changed(settings)), tune.code, steps=5)
    finally:
        torch.set_num_threads(before)
    return [found[_shape(settings)] for settings in drawn]


def _shape(settings: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """What the time of a step depends on."""
    return tuple((name, value) for name, value in settings.items() if name != "rate")


def _with_rates(
    drawn: Sequence[dict[str, float]], steps: Sequence[float], chosen: float, before: float
) -> list[tuple[dict[str, float], float]]:
    """All settings, with rates in place of shares of the chosen one, and the seconds of a step.

    The first are the recipe's own, with the rate that it has; the second the same with the chosen rate.
    """
    found = [(drawn[0] | {"rate": before}, steps[0])]
    for settings, seconds in zip(drawn, steps, strict=True):
        one = settings | {"rate": rounded(settings["rate"] * chosen)}
        found += [] if one == found[0][0] else [(one, seconds)]
    return found


def _fits(tune: Tune, settings: dict[str, float], jobs: int) -> bool:
    """Whether these settings make a model, and as many of it as run beside each other fit into memory."""
    try:
        recipe = planned(tune.changed(settings))
    except ValueError:
        return False
    return jobs * needs(recipe).total <= _room(recipe)


def _shared_out(recipe: Recipe, runs: int, jobs: int | None) -> tuple[int, int]:
    """Trainings at a time and the threads of each, no more than memory is enough for."""
    if jobs is None:
        jobs, _ = shared_out(recipe.train.device, runs)
        jobs = max(1, min(jobs, int(_room(recipe) / needs(planned(recipe)).total)))
    return shared_out(recipe.train.device, runs, jobs)


def _room(recipe: Recipe) -> int:
    return installed(choose_device(recipe.train.device))


def _length(recipe: Recipe, curve: Curve) -> float:
    """The seconds of the training that the recipe asks for."""
    by_steps = math.inf if recipe.train.steps is None else recipe.train.steps * curve.seconds_a_step
    return min(by_steps, math.inf if recipe.max_minutes is None else 60 * recipe.max_minutes)


def _share(curve: Curve, seconds: float) -> float:
    """The share of the validation part that a training of so many seconds is judged on."""
    trained = curve.tokens_a_step * seconds / curve.seconds_a_step
    return min(1.0, max(FEWEST, JUDGED * trained) / curve.held_out)
