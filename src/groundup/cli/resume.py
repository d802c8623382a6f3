"""groundup resume RUN: go on with an interrupted training, from its latest whole checkpoint."""

import dataclasses
from contextlib import nullcontext
from pathlib import Path

import tyro

from groundup.cli.parse import parse
from groundup.cli.train import train_recipe
from groundup.recipes.check import check, check_machine
from groundup.recipes.recipe import save_recipe
from groundup.recipes.table import RECIPES
from groundup.run.claim import alone, bring_back
from groundup.run.folder import RUNS, RunFolder, find_run
from groundup.training import launch
from groundup.training.settings import ParallelName


@dataclasses.dataclass(frozen=True)
class Resume:
    """Go on with a training where it stopped; its recipe is the one it was begun with."""

    run: tyro.conf.Positional[str]
    """A run folder, or its name under runs/."""
    max_minutes: float | None = None
    """Train for so many minutes in all, those already used included; None keeps the recipe's."""
    steps: int | None = None
    """Take so many steps in all, those already taken included, and as long as that takes unless --max-minutes is given
    too; None keeps the recipe's."""
    parallel: ParallelName | None = None
    """Go on in another way: none, or under torchrun ddp or fsdp; None keeps the recipe's."""
    convert: bool = False
    """Only turn what fsdp has saved in slices into ordinary checkpoints, and stop."""


def main(arguments: list[str]) -> None:
    options = parse(Resume, arguments, prog="groundup resume")
    if launch.rank() == 0:
        bring_back(RunFolder(RUNS / Path(options.run).name))
    folder = find_run(options.run)
    if options.convert:
        with alone(folder):
            _convert(folder.checkpoints)
        return
    folder.recipe()  # a folder that is no run is that first
    if folder.path.resolve() != (RUNS / folder.name).resolve():
        raise ValueError(f"{folder.path} is not under {RUNS}/; run groundup from the folder that holds {RUNS}/")
    with alone(folder) if launch.rank() == 0 else nullcontext():
        _go_on(folder, options)


def _go_on(folder: RunFolder, options: Resume) -> None:
    written = folder.recipe()
    recipe = dataclasses.replace(written, name=folder.name)
    if options.max_minutes is not None:
        recipe = dataclasses.replace(recipe, max_minutes=options.max_minutes)
    if options.steps is not None:
        from groundup.training.checkpoint import saved_steps

        taken = max(saved_steps(folder.checkpoints), default=0)
        if 0 < options.steps < taken:
            raise ValueError(f"{taken:,} steps are taken already, more than --steps {options.steps:,}; ask for more")
        # The recipe's minutes, which may be over, are not what was asked for.
        recipe = dataclasses.replace(recipe, max_minutes=options.max_minutes)
        recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, steps=options.steps))
    check(recipe, recipe)
    check_machine(recipe, options.parallel or recipe.train.parallel)
    if recipe != written and launch.rank() == 0:  # or an interruption would forget the new end
        save_recipe(recipe, folder.recipe_file)
    if options.parallel is not None:
        recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, parallel=options.parallel))
    module = RECIPES.get(recipe.based_on or recipe.name)  # older runs do not say; one of its name and its task is it
    train_recipe(recipe, resume=True, module=module if module and module.RECIPE.task == recipe.task else None)


def _convert(checkpoints: Path) -> None:
    """ValueError naming what is damaged, after all that is whole was turned."""
    from groundup.training.places import newest_whole
    from groundup.training.sharded import make_whole

    steps, damaged = make_whole(checkpoints)
    print(f"steps turned into ordinary checkpoints: {', '.join(map(str, steps)) or 'none'}")
    if damaged:
        whole = newest_whole(checkpoints, set())
        cure = "no checkpoint here is whole" if whole is None else f"use a whole one: --checkpoint {whole[0]}"
        raise ValueError(f"{'; '.join(damaged)}; left in slices; {cure}")
