"""Begin a training in its run folder, or go on with one; and at its end show what the recipe says."""

import dataclasses
import json
from contextlib import nullcontext
from typing import TYPE_CHECKING

from groundup.files import writing_to
from groundup.flow.check import check, check_machine
from groundup.recipes.recipe import Recipe, save_recipe
from groundup.recipes.table import RECIPES
from groundup.run.claim import EARLIER, alone, check_replaceable, in_place_of, scratch_folder
from groundup.run.folder import RUNS, RunFolder, check_known
from groundup.run.own_code import STOCK, OwnCode, kept_code
from groundup.training import launch
from groundup.training.output import forgiving_output
from groundup.training.settings import ParallelName

if TYPE_CHECKING:
    from groundup.run.pairs import PairRun
    from groundup.run.text import TextRun


def begin(
    recipe: Recipe, *, code: OwnCode = STOCK, overwrite: bool = False, init_from: str | None = None
) -> "TextRun | PairRun":
    """Train by the recipe into runs/NAME, say where everything lies, show what the recipe says, and return the run.

    A launch that torchrun restarted goes on with the run that it began. ValueError where the run is there already, or
    another process trains into it. code: what the recipe's Python file says.
    """
    recipe = code.signed(recipe)
    folder, resume = RunFolder(RUNS / recipe.name), False
    with forgiving_output(), writing_to(folder.path), alone(folder) if launch.rank() == 0 else nullcontext():
        again = _is_mine(folder)
        if again and (folder.checkpoints / "latest").is_file():
            recipe, resume = dataclasses.replace(folder.recipe(), name=recipe.name), True
            if recipe.code != code.sha256:
                raise ValueError(
                    f"{code.path} is no longer the file that {folder.path} was begun with; bring that back"
                )
            if overwrite and launch.rank() == 0:
                cure = "to replace it give torchrun another --rdzv-id"
                print(f"going on with {folder.path}, which this launch began; {cure}")
        if folder.path.exists() and not resume and not again and launch.rank() == 0:
            check_replaceable(folder, overwrite=overwrite)
        return _carry_out(recipe, folder, code, resume=resume, init_from=init_from)


def go_on(
    folder: RunFolder,
    *,
    steps: int | None = None,
    max_minutes: float | None = None,
    parallel: ParallelName | None = None,
    trust_code: bool = False,
) -> "TextRun | PairRun":
    """Go on with a run to another end, or in another way; None keeps what its recipe says."""
    with forgiving_output(), writing_to(folder.path), alone(folder) if launch.rank() == 0 else nullcontext():
        written = folder.recipe()
        check_known(folder, written)
        code = kept_code(folder.path, written, trust_code=trust_code)
        recipe = _to_the_end(dataclasses.replace(written, name=folder.name), folder, steps, max_minutes)
        check(recipe, recipe)
        check_machine(recipe, parallel or recipe.train.parallel)
        if recipe != written and launch.rank() == 0:  # or an interruption would forget the new end
            save_recipe(recipe, folder.recipe_file)
        if parallel is not None:
            recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, parallel=parallel))
        return _carry_out(recipe, folder, code, resume=True, init_from=None)


def _to_the_end(recipe: Recipe, folder: RunFolder, steps: int | None, max_minutes: float | None) -> Recipe:
    """The recipe with the end that is asked for, and with what it shows where an older recipe.json does not say."""
    recipe = dataclasses.replace(recipe, **_not_said(recipe, folder))
    if max_minutes is not None:
        recipe = dataclasses.replace(recipe, max_minutes=max_minutes)
    if steps is not None:
        from groundup.training.checkpoint import saved_steps  # torch comes with it

        taken = max(saved_steps(folder.checkpoints), default=0)
        if 0 < steps < taken:
            raise ValueError(f"{taken:,} steps are taken already, more than --steps {steps:,}; ask for more")
        # The recipe's minutes, which may be over, are not what was asked for.
        recipe = dataclasses.replace(recipe, max_minutes=max_minutes)
        recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, steps=steps))
    return recipe


def _not_said(recipe: Recipe, folder: RunFolder) -> dict[str, object]:
    """What to show, where recipe.json is older than these settings: as the named recipe of the same task does now."""
    named = RECIPES.get(recipe.based_on or recipe.name)  # older runs do not say; one of its name and its task is it
    if named is None or named.task != recipe.task:
        return {}
    said = json.loads(folder.recipe_file.read_text(encoding="utf-8"))
    settings = ("sample", "questions") if named.task == "language" else ("show",)
    return {name: getattr(named, name) for name in settings if name not in said}


def _carry_out(
    recipe: Recipe, folder: RunFolder, code: OwnCode, *, resume: bool, init_from: str | None
) -> "TextRun | PairRun":
    """Train, on rank 0 into the folder and on others beside it; say and show what came of it."""
    from groundup.flow.show import show
    from groundup.flow.train import train

    say = print if launch.rank() == 0 else lambda line: None
    beginning = in_place_of if launch.rank() == 0 else scratch_folder
    with nullcontext(folder) if resume else beginning(folder) as place:
        if not resume and (stamp := launch.stamp()) is not None:
            place.path.mkdir(parents=True, exist_ok=True)
            place.launch_file.write_text(stamp, encoding="utf-8")
        run = train(recipe, place, code=code, resume=resume, init_from=None if resume else init_from, say=say)
    print(f"\nrun          {folder.path}: results.json, metrics.jsonl, plots/loss.png, checkpoints/")
    show(run)
    code.finish(run)
    return run


def _is_mine(folder: RunFolder) -> bool:
    """Whether an earlier attempt of this launch began the run: torchrun, or Slurm, started it again."""
    stamp = launch.stamp()
    if stamp is None:
        return launch.restarted() and not folder.begun_under(EARLIER)
    return folder.begun_under(stamp) and (launch.restarted() or not folder.results_file.is_file())
