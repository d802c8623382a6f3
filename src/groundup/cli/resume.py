"""groundup resume RUN: go on with an interrupted training, from its latest whole checkpoint."""

import dataclasses

import tyro

from groundup.cli.parse import parse
from groundup.cli.train import check, train_recipe
from groundup.recipes.recipe import save_recipe
from groundup.recipes.table import RECIPES
from groundup.run.folder import RUNS, find_run


@dataclasses.dataclass(frozen=True)
class Resume:
    """Go on with a training where it stopped; its recipe is the one it was begun with."""

    run: tyro.conf.Positional[str]
    """A run folder, or its name under runs/."""
    max_minutes: float | None = None
    """Train for so many minutes in all, those already used included; None keeps the recipe's."""
    steps: int | None = None
    """Take so many steps in all, those already taken included; None keeps the recipe's."""


def main(arguments: list[str]) -> None:
    options = parse(Resume, arguments, prog="groundup resume")
    folder = find_run(options.run)
    written = folder.recipe()
    recipe = dataclasses.replace(written, name=folder.name)
    if folder.path.resolve() != (RUNS / folder.name).resolve():
        raise ValueError(f"{folder.path} is not under {RUNS}/; run groundup from the folder that holds {RUNS}/")
    if options.max_minutes is not None:
        recipe = dataclasses.replace(recipe, max_minutes=options.max_minutes)
    if options.steps is not None:
        recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, steps=options.steps))
    check(recipe, recipe)
    if recipe != written:  # or an interruption would forget the new end
        save_recipe(recipe, folder.recipe_file)
    # recipe.json does not name the recipe; a run of its name and its task is taken for one.
    module = RECIPES.get(recipe.name)
    finish = getattr(module, "finish", None) if module and module.RECIPE.task == recipe.task else None
    train_recipe(recipe, resume=True, finish=finish)
