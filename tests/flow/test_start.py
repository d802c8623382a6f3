"""A run whose recipe.json is older than what recipes say of showing goes on and shows what its recipe does now."""

import dataclasses
import json
from pathlib import Path

import pytest

from groundup.flow import start
from groundup.recipes.recipe import Recipe, save_recipe
from groundup.recipes.table import find_recipe
from groundup.run.folder import RunFolder


@pytest.fixture
def go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Go on with a run of this recipe whose file lacks some settings; gives the recipe it would follow."""
    monkeypatch.chdir(tmp_path)

    def call(recipe: Recipe, lacks: tuple[str, ...], **options) -> Recipe:
        followed: list[Recipe] = []
        monkeypatch.setattr(start, "_carry_out", lambda recipe, *_, **__: followed.append(recipe))
        folder = RunFolder(tmp_path / "runs" / recipe.name)
        folder.path.mkdir(parents=True)
        save_recipe(recipe, folder.recipe_file)
        said = json.loads(folder.recipe_file.read_text())
        folder.recipe_file.write_text(json.dumps({key: value for key, value in said.items() if key not in lacks}))
        start.go_on(folder, **options)
        return followed[0]

    return call


def test_an_older_run_shows_what_its_recipe_does_now(go_on):
    assert go_on(find_recipe("shakespeare-char"), ("sample", "questions")).sample == "ROMEO:"
    named = dataclasses.replace(find_recipe("demo"), name="mine", based_on="demo", show=None)
    assert go_on(named, ("show",)).show == "translations"


def test_what_a_run_says_itself_counts(go_on):
    silent = dataclasses.replace(find_recipe("corpus"), sample=None)
    assert go_on(silent, ()).sample is None
    other = dataclasses.replace(find_recipe("dialogue"), name="corpus", show=None)  # a name that another task has
    assert go_on(dataclasses.replace(other, name="shakespeare-char"), ("show",)).show is None


def test_another_end_is_written_down(go_on, tmp_path: Path):
    recipe = go_on(find_recipe("corpus"), (), steps=700)
    assert (recipe.train.steps, recipe.max_minutes) == (700, None)
    assert RunFolder(tmp_path / "runs" / "corpus").recipe() == recipe
