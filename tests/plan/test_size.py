"""The rule of `--size auto` keeps its promises for any text, speed and number of minutes."""

from dataclasses import replace
from itertools import product

import pytest

from groundup.build import on_meta
from groundup.flow.sized import with_settings
from groundup.plan.ladder import LADDER
from groundup.plan.pace import Pace, measure_pace
from groundup.plan.size import Material, Size, choose
from groundup.recipes import corpus, shakespeare_char, translation
from groundup.recipes.recipe import PairRecipe, Recipe
from groundup.training.flops import flops_per_token, matrix_parameters

LAPTOP = Pace(((64, 70e9), (256, 200e9)), "1 thread")
RECIPES = [corpus.RECIPE, shakespeare_char.RECIPE, replace(translation.RECIPE, name="pairs")]
MINUTES = [0.5, 1, 2, 5, 10, 30, 60, 600]
BYTES = [10_000, 30_000, 300_000, 1_100_000, 10_000_000, 60_000_000]


def english(size: int, recipe: Recipe) -> Material:
    return Material(size, size, 80, size // 60 if isinstance(recipe, PairRecipe) else None)


def chosen(recipe: Recipe, size: int, minutes: float, fixed: set[str] = frozenset(), pace: Pace = LAPTOP) -> Size:
    return choose(recipe, english(size, recipe), pace, minutes, set(fixed))


def rung(found: Size) -> int:
    return LADDER.index((found.settings["model.width"], found.settings["model.layers"]))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_more_minutes_and_faster_machines_never_take_a_smaller_model(recipe: Recipe):
    for size in BYTES:
        rungs = [rung(chosen(recipe, size, minutes)) for minutes in MINUTES]
        assert rungs == sorted(rungs), size
        faster = Pace(tuple((width, 10 * rate) for width, rate in LAPTOP.rates), "")
        assert rung(chosen(recipe, size, 5, pace=faster)) >= rung(chosen(recipe, size, 5))
    assert chosen(recipe, BYTES[-1], 60).parameters > 4 * chosen(recipe, BYTES[-1], 1).parameters


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_more_text_never_takes_more_dropout(recipe: Recipe):
    for minutes in MINUTES:
        dropouts = [chosen(recipe, size, minutes).settings["model.dropout"] for size in BYTES]
        assert dropouts == sorted(dropouts, reverse=True), minutes


def test_characters_are_for_a_text_that_is_read_often_and_a_kind_that_is_asked_for_stays():
    assert chosen(corpus.RECIPE, 30_000, 2).settings["tokenizer.kind"] == "characters"
    assert chosen(corpus.RECIPE, 60_000_000, 2).settings["tokenizer.kind"] == "bpe"
    assert chosen(corpus.RECIPE, 30_000, 2, {"tokenizer.kind"}).settings["tokenizer.kind"] == "bpe"
    asked = replace(shakespeare_char.RECIPE, tokenizer=replace(shakespeare_char.RECIPE.tokenizer, kind="characters"))
    assert chosen(asked, 60_000_000, 2).settings["tokenizer.kind"] == "characters"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_choice_is_a_recipe_that_can_be_trained(recipe: Recipe):
    for size, minutes in product(BYTES, MINUTES):
        found = chosen(recipe, size, minutes)
        whole = with_settings(recipe, found.settings)  # its records refuse what cannot be
        assert (whole.model.width, whole.model.layers) in LADDER
        assert 0 <= whole.train.warmup <= 100
        assert whole.train.validate_every >= 1
        assert found.tokens * flops_per_token(on_meta(replace(whole.model, vocab_size=65))) > 0


def test_a_small_text_bounds_the_model_however_long_it_is_read():
    for recipe in RECIPES:
        small, large = (chosen(recipe, size, 600) for size in (30_000, 30_000_000))
        assert small.enough
        assert small.parameters < large.parameters


def test_what_is_fixed_is_counted_in():
    recipe = corpus.RECIPE
    wide = replace(recipe, model=replace(recipe.model, width=100, heads=2))
    found = chosen(wide, 1_000_000, 5, {"model.width"})
    assert found.settings["model.width"] == 100
    assert 100 % (2 * found.settings["model.heads"]) == 0
    vocabulary = replace(recipe, tokenizer=replace(recipe.tokenizer, vocab_size=7000))
    assert chosen(vocabulary, 1_000_000, 5, {"tokenizer.vocab_size"}).settings["tokenizer.vocab_size"] == 7000
    model = with_settings(vocabulary, chosen(vocabulary, 1_000_000, 5, {"tokenizer.vocab_size"}).settings).model
    counted = matrix_parameters(on_meta(replace(model, vocab_size=7000)))
    assert counted == chosen(vocabulary, 1_000_000, 5, {"tokenizer.vocab_size"}).parameters


def test_a_script_of_many_characters_is_read_by_them_and_byte_pairs_would_have_room_for_all():
    chinese = Material(30_000_000, 10_000_000, 7000)
    assert choose(corpus.RECIPE, chinese, LAPTOP, 5, set()).settings["tokenizer.kind"] == "characters"
    assert choose(corpus.RECIPE, chinese, LAPTOP, 5, {"tokenizer.kind"}).settings["tokenizer.vocab_size"] > 7000


def test_too_little_text_and_too_little_time_are_one_line_with_the_least_that_is_enough():
    with pytest.raises(ValueError, match="at least 2,000 bytes to learn from, and there are 700"):
        chosen(corpus.RECIPE, 700, 5)
    with pytest.raises(
        ValueError, match=r"--max-minutes 0.001 is time for \d+ steps.*at least --max-minutes 0.\d+$"
    ) as no:
        chosen(corpus.RECIPE, 300_000, 0.001)
    least = float(str(no.value).split()[-1])
    assert chosen(corpus.RECIPE, 300_000, least).parameters


@pytest.mark.parametrize("recipe", [corpus.RECIPE, translation.RECIPE], ids=lambda recipe: recipe.name)
def test_the_pace_of_this_machine_is_measured_in_seconds(recipe: Recipe):
    pace = measure_pace(recipe)
    assert [width for width, _ in pace.rates] == [64, 256]
    assert all(1e7 < rate < 1e15 for _, rate in pace.rates)
    assert min(rate for _, rate in pace.rates) <= pace.rate(128) <= max(rate for _, rate in pace.rates)
    assert pace.rate(16) == pace.rates[0][1]
    assert pace.rate(4096) == pace.rates[1][1]
