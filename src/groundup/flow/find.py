"""Find a recipe by what a person calls it: a name, a Python file, or the recipe.json of a run."""

import dataclasses
from pathlib import Path

from groundup.recipes.recipe import Recipe, load_recipe
from groundup.recipes.table import RECIPES, find_recipe
from groundup.run.folder import RUNS, free_name
from groundup.run.own_code import STOCK, OwnCode, kept_code, read_code


def find(name: str, *, trust_code: bool = False, renamed: bool = True) -> tuple[Recipe, OwnCode]:
    """The recipe, and the code that it is carried out with. ValueError offers the nearest name.

    A recipe.json is that of a training before: its run stays, and the new one gets a free name, unless not `renamed`.
    trust_code: whether the Python file that such a run was trained with may be executed.
    """
    if name.endswith(".py"):
        code = read_code(Path(name))
        if code.recipe is None:
            raise ValueError(f"{name} has no RECIPE; write RECIPE = gu.TextRecipe(...) or gu.PairRecipe(...) into it")
        return code.recipe, code
    if name.endswith(".json"):
        recipe = load_recipe(Path(name))
        code = kept_code(Path(name).parent, recipe, trust_code=trust_code)
        return dataclasses.replace(recipe, name=free_name(recipe.name)) if renamed else recipe, code
    for folder in (Path(name), RUNS / name):
        if name not in RECIPES and (folder / "recipe.json").is_file():
            raise ValueError(f"{name} is a run; to train the same again: groundup train {folder / 'recipe.json'}")
    return find_recipe(name), STOCK
