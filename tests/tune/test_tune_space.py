"""What is searched, how long, and the command line: the parts of a tune that need no training."""

import dataclasses
import shlex
from itertools import product

import pytest

from groundup.cli.parse import parse
from groundup.comparisons.processes import shared_out
from groundup.flow.check import check
from groundup.machine import cores
from groundup.recipes.recipe import Recipe, TextRecipe
from groundup.recipes.table import RECIPES
from groundup.training.loop import Step
from groundup.tune.command import command
from groundup.tune.draw import draw
from groundup.tune.plan import LEAST_STEPS, VALIDATING, Speed, first_rung, how_many, rungs, steps_of, survivors, takes
from groundup.tune.range_test import STEPS, curve_of, rate_at
from groundup.tune.space import choices, of_recipe, own, with_settings

SEARCHED = [name for name in RECIPES if name != "dialogue"]


@pytest.mark.parametrize("name", SEARCHED)
def test_every_settings_make_a_recipe_and_the_command_says_all_of_it(name: str):
    """Parsed again by the parser of `groundup train`, the command gives the recipe back."""
    recipe = RECIPES[name]
    if recipe.data.corpus == "":
        recipe = dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, corpus="pairs.tsv"))
    axes = of_recipe(recipe)
    values = choices(recipe, axes) | {"rate": [recipe.train.lr, 0.0061]}
    for settings in draw(values, own(recipe, axes), 12, 0, lambda settings: True):
        wanted = with_settings(recipe, axes, settings)
        wanted = dataclasses.replace(wanted, train=dataclasses.replace(wanted.train, steps=1000), max_minutes=None)
        assert own(wanted, axes) == settings
        check(wanted, recipe)
        words = shlex.split(command([name], recipe, wanted))
        assert words[:3] == ["groundup", "train", name]
        assert parse(type(recipe), words[3:], prog="groundup train", default=recipe) == wanted


def test_a_command_says_flags_of_every_kind():
    recipe = RECIPES["corpus"]
    model = dataclasses.replace(recipe.model, windows=(None, 16), bias=True, kv_heads=2, tied="head")
    wanted = dataclasses.replace(recipe, model=model, sample='it\'s a "day"', own={})
    words = shlex.split(command(["corpus", "my book.txt"], recipe, wanted))
    assert words[3] == "my book.txt"
    assert parse(TextRecipe, words[4:], prog="groundup train", default=recipe) == wanted


@pytest.mark.parametrize("name", SEARCHED)
def test_heads_stay_as_wide_and_the_recipe_is_among_the_values(name: str):
    recipe: Recipe = RECIPES[name]
    axes = of_recipe(recipe)
    values = choices(recipe, axes)
    for axis, value in own(recipe, axes).items():
        assert axis == "rate" or value in values[axis]
    for width, layers in product(values["width"], values["layers"]):
        model = with_settings(recipe, axes, {"width": width, "layers": layers}).model
        assert model.head_width == recipe.model.head_width
        assert model.hidden / model.width == pytest.approx(recipe.model.hidden / recipe.model.width, rel=0.05)
        assert (model.encoder_layers is None) == (recipe.model.encoder_layers is None)


def test_what_a_recipe_does_not_have_is_not_searched():
    assert "vocabulary" not in of_recipe(RECIPES["shakespeare-char"])
    assert "vocabulary" not in of_recipe(RECIPES["corpus"], trained=False)
    assert list(of_recipe(RECIPES["corpus"], own_model=True)) == ["rate", "dropout", "batch", "vocabulary"]


def test_draws_differ_and_depend_on_the_seed_alone():
    values = {"rate": [0.5, 1.0, 2.0], "width": [8, 16]}
    first = {"rate": 1.0, "width": 16}
    drawn = draw(values, first, 6, 3, lambda settings: True)
    assert drawn == draw(values, first, 6, 3, lambda settings: True)
    assert drawn != draw(values, first, 6, 4, lambda settings: True)
    assert drawn[0] == first
    assert len({tuple(one.items()) for one in drawn}) == 6
    assert len(draw(values, first, 9, 0, lambda settings: True)) == 6, "there are no more"
    assert draw(values, first, 6, 0, lambda settings: settings["width"] == 16)[1:] == [
        one for one in draw(values, first, 6, 0, lambda settings: settings["width"] == 16) if one != first
    ]


def test_rungs_and_their_time():
    assert rungs(24) == [24, 8, 3]
    assert rungs(9) == [9, 3]
    assert rungs(4) == [4, 1]
    assert rungs(1) == [1]
    speed = Speed(step=0.1, start=4.0, own=1e9)
    for trials, jobs in product((1, 4, 24), (1, 2, 16)):
        first = first_rung(trials, 1800, speed, jobs)
        assert takes(trials, first, speed, jobs) == pytest.approx(1800)
    assert first_rung(24, 1800, Speed(0.1, 4.0, own=90.0), 2) == pytest.approx(10), "no longer than the recipe"
    assert steps_of([0.1, 0.2], 10.0, 2) == [[100, 300], [50, 150]]
    assert survivors({0: 2.0, 1: 1.0, 2: 1.0, 3: float("inf")}, 2) == [1, 2]


def test_as_many_trials_as_there_is_time_for():
    speed = Speed(step=0.1, start=4.0, own=1e9)
    assert how_many(None, 3600, speed, 2, used=10) == 24
    fewer = how_many(None, 240, speed, 2, used=10)
    assert 1 < fewer < 24
    assert first_rung(fewer, 240, speed, 2) >= LEAST_STEPS * speed.step
    with pytest.raises(ValueError, match=r"24 trials need at least .* not 4.2; try --minutes .* or fewer --trials"):
        how_many(24, 240, speed, 2, used=10)
    least = 10 + speed.start + VALIDATING * LEAST_STEPS * speed.step
    with pytest.raises(ValueError, match=rf"a single trial needs at least 0\.4 minutes .* not {8 / 60 + 1 / 6:.2g}"):
        how_many(None, 8, speed, 2, used=10)
    assert least / 60 == pytest.approx(0.313, abs=1e-3)


def test_the_curve_of_a_range_test():
    """A bowl, lowest at step 78: most of the fall is made shortly before, as the mean lags behind."""

    def step(n: int) -> Step:
        return Step(n, abs(n - 78) / 30 + 2, rate_at(n), 1.0, 100, 0.01, n / STEPS)

    curve = curve_of([step(n) for n in range(1, STEPS + 1)], held_out=1000, fall=0.75)
    assert rate_at(1) == pytest.approx(1e-4)
    assert rate_at(STEPS) == pytest.approx(1.0)
    assert rate_at(60) < curve.chosen < rate_at(78)
    assert curve.smooth[0] == curve.losses[0]
    with pytest.raises(ValueError, match="not finite after 5 steps, at a learning rate of"):
        curve_of([step(n) for n in range(1, 6)], held_out=1000, fall=0.75)
    with pytest.raises(ValueError, match=r"did not fall at any learning rate .* the model does not learn"):
        curve_of([dataclasses.replace(step(n), loss=4.0) for n in range(1, STEPS)], held_out=1000, fall=0.75)


def test_a_plateau_does_not_matter():
    """Where the loss is lowest on a long plateau is chance; the chosen rate stays the same."""

    def chosen(lowest: int) -> float:
        losses = [max(4 - n / 20, 2.0) - 0.02 * (n == lowest) for n in range(1, STEPS + 1)]
        steps = [Step(n, loss, rate_at(n), 1.0, 100, 0.01, n / STEPS) for n, loss in enumerate(losses, 1)]
        return curve_of(steps, held_out=1000, fall=0.75).chosen

    assert chosen(60) == pytest.approx(chosen(110), rel=0.05)


def test_no_more_trainings_at_a_time_than_there_are():
    assert shared_out("cpu", 4, 100_000) == (4, max(1, cores() // 4))
