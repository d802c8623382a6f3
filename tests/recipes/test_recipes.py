"""recipe.json says everything, comes back equal and refuses what it does not know; and the recipes make sense."""

import dataclasses
import json
import re

import pytest

from groundup.build import count_parameters, on_meta
from groundup.config import ModelConfig
from groundup.data.catalogue import SOURCES
from groundup.recipes.recipe import PairRecipe, TextRecipe, load_recipe, save_recipe
from groundup.recipes.table import RECIPES, find_recipe

EVERY = [pytest.param(recipe, id=name) for name, recipe in RECIPES.items()]


@pytest.mark.parametrize("recipe", EVERY)
def test_a_recipe_comes_back_as_it_was_saved(recipe, tmp_path):
    save_recipe(recipe, tmp_path / "recipe.json")
    assert load_recipe(tmp_path / "recipe.json") == recipe


@pytest.mark.parametrize("recipe", EVERY)
def test_every_default_is_written_out(recipe, tmp_path):
    save_recipe(recipe, tmp_path / "recipe.json")
    written = json.loads((tmp_path / "recipe.json").read_text())
    for part in ("model", "train", "data", "tokenizer"):
        assert written[part].keys() == {field.name for field in dataclasses.fields(getattr(recipe, part))}


LAPTOP = [pytest.param(recipe, id=name) for name, recipe in RECIPES.items() if "124m" not in name]


@pytest.mark.parametrize("recipe", LAPTOP)
def test_a_recipe_can_be_run_on_a_laptop(recipe):
    if recipe.name == "translation":  # it asks for a file
        assert not recipe.data.corpus
        return
    assert recipe.data.corpus in SOURCES
    assert (SOURCES[recipe.data.corpus].kind == "text") == isinstance(recipe, TextRecipe)
    assert (recipe.model.encoder_layers is None) == isinstance(recipe, TextRecipe)
    assert recipe.train.steps or recipe.max_minutes
    assert count_parameters(on_meta(recipe.model)) < 20e6
    if isinstance(recipe, PairRecipe):
        assert recipe.data.max_length <= recipe.model.context


def test_the_promised_recipes_are_there():
    assert {"demo", "dialogue", "fra-eng", "shakespeare-char", "corpus"} <= RECIPES.keys()
    with pytest.raises(ValueError, match="did you mean 'fra-eng'"):
        find_recipe("fra-egn")


def test_old_and_strange_recipes_are_refused_by_name(tmp_path):
    path = tmp_path / "recipe.json"
    save_recipe(RECIPES["corpus"], path)
    good = path.read_text()

    def refused(old: str, new: str) -> str:
        assert len(re.findall(old, good)) == 1
        path.write_text(re.sub(old, new, good))
        with pytest.raises(ValueError, match=re.escape(f"{path}: not a recipe: ")) as error:
            load_recipe(path)
        return str(error.value)

    assert "'widht'; did you mean 'width'" in refused('"width"', '"widht"')
    assert "'patiense'; did you mean 'patience'" in refused('"patience"', '"patiense"')
    assert "'max_minute'; did you mean 'max_minutes'" in refused('"max_minutes"', '"max_minute"')
    assert "heads (7)" in refused('"heads": 4', '"heads": 7')
    assert "lr (-1" in refused('"lr": [0-9.]+', '"lr": -1')
    assert "format" in refused('"format": 1', '"format": 2')
    refused('"model": {', '"model": [{')
    refused('"width": 256', '"width": "wide"')
    refused('"steps": null', '"steps": "many"')


def test_a_recipe_with_everything_set_comes_back(tmp_path):
    recipe = RECIPES["corpus"]
    model = ModelConfig(vocab_size=9, context=8, width=8, layers=2, heads=2, windows=(None, 3))
    save_recipe(dataclasses.replace(recipe, model=model), tmp_path / "recipe.json")
    assert load_recipe(tmp_path / "recipe.json").model == model


def test_a_setting_nobody_knows_brings_those_there_are(tmp_path):
    save_recipe(RECIPES["corpus"], tmp_path / "recipe.json")
    text = (tmp_path / "recipe.json").read_text()
    (tmp_path / "recipe.json").write_text(text.replace('"document_mask"', '"xyzzy"'))
    with pytest.raises(ValueError, match=r"unknown setting 'xyzzy'; leave it out, or name one of corpus, valid"):
        load_recipe(tmp_path / "recipe.json")
