"""groundup train RECIPE [DATA [OTHER]]: a whole experiment in one command; every setting of it is a flag."""

import dataclasses
import sys
from contextlib import nullcontext
from types import ModuleType
from typing import Any

from groundup.cli.parse import parse
from groundup.data.catalogue import PUBLISHED
from groundup.presets import preset
from groundup.recipes.check import check, check_machine
from groundup.recipes.recipe import PairRecipe, Recipe, TextRecipe
from groundup.recipes.table import RECIPES, find_recipe
from groundup.run.claim import alone, check_replaceable, in_place_of, scratch_folder
from groundup.run.folder import RUNS, RunFolder
from groundup.training import launch
from groundup.training.output import forgiving_output

USAGE = """usage: groundup train RECIPE [DATA [OTHER]] [options]

RECIPE is one of:
{recipes}

DATA is a file, a folder or a named corpus (groundup data list) instead of the recipe's own; OTHER is the second of two
line-aligned files. `groundup train RECIPE --help` lists every setting. Besides them:

  --preset NAME   begin with a published architecture, such as gpt2-tiny, llama3-tiny or transformer-base
  --init-from DIR go on from a Hugging Face folder: its model, its weights, its tokenizer (language models)
  --dry-run       print the recipe with every default and the size of the model, and stop
  --overwrite     replace a run of the same name
  --parallel HOW  ddp or fsdp, on the processes that torchrun starts:
                  torchrun --nproc-per-node 2 -m groundup train RECIPE --parallel ddp
"""


def main(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return
    module, rest = find_recipe(arguments[0]), arguments[1:]
    preset_name, rest = take_option(rest, "--preset")
    init_from, rest = take_option(rest, "--init-from")
    dry_run, rest = take_flag(rest, "--dry-run")
    overwrite, rest = take_flag(rest, "--overwrite")
    parallel, rest = take_option(rest, "--parallel")
    rest += [] if parallel is None else ["--train.parallel", parallel]
    named = [rest.pop(0) for _ in range(2) if rest and not rest[0].startswith("-")]
    recipe = with_data(module.RECIPE, named)
    if preset_name is not None:
        if init_from is not None:
            raise ValueError("--init-from brings its own model; leave out --preset")
        recipe = with_preset(recipe, preset_name)
    if init_from is not None:
        from groundup.recipes.init_from import with_folder

        recipe = with_folder(recipe, init_from)
    parsed = parse(type(recipe), rest, prog=f"groundup train {arguments[0]}", default=recipe)
    for path, flag in zip(named, ("corpus", "other"), strict=False):
        if (wanted := getattr(parsed.data, flag)) != path:
            raise ValueError(f"{path!r} and --data.{flag} ({wanted}) both say what to learn from; leave one out")
    check(parsed, recipe)
    if init_from is not None:
        from groundup.recipes.init_from import check_unchanged

        check_unchanged(parsed, recipe, init_from)  # type: ignore[arg-type]
    if dry_run:
        print_plan(parsed if init_from is not None else planned(parsed))
        return
    check_machine(parsed, parsed.train.parallel)
    parsed = dataclasses.replace(parsed, based_on=module.RECIPE.name)
    train_recipe(parsed, overwrite=overwrite, init_from=init_from, module=module)


def usage() -> str:
    rows = [f"  {name:18} {(module.__doc__ or '').strip().splitlines()[0]}" for name, module in RECIPES.items()]
    return USAGE.format(recipes="\n".join(rows))


def train_recipe(
    recipe: Recipe,
    *,
    overwrite: bool = False,
    resume: bool = False,
    init_from: str | None = None,
    module: ModuleType | None = None,
):
    """Run the recipe's flow in runs/NAME, say where everything lies, and let the recipe show what came of it.

    module is the recipe's own: its `watch` looks at a language model at every validation, its `finish` at the end.
    ValueError where the run is there already, or another process trains into it.
    """
    folder = RunFolder(RUNS / recipe.name)
    with forgiving_output(), alone(folder) if launch.rank() == 0 else nullcontext():
        again = is_mine(folder)
        if again and (folder.checkpoints / "latest").is_file():
            recipe, resume = dataclasses.replace(folder.recipe(), name=recipe.name), True
            if overwrite and launch.rank() == 0:
                cure = "to replace it give torchrun another --rdzv-id"
                print(f"going on with {folder.path}, which this launch began; {cure}")
        if folder.path.exists() and not resume and not again and launch.rank() == 0:
            check_replaceable(folder, overwrite=overwrite)
        run = _flow(recipe, folder, resume=resume, init_from=init_from, module=module)
        print(f"\nrun          {folder.path}: results.json, metrics.jsonl, plots/loss.png, checkpoints/")
        if hasattr(module, "finish"):
            module.finish(run)  # type: ignore[union-attr]
        return run


def _flow(recipe: Recipe, folder: RunFolder, *, resume: bool, init_from: str | None, module: ModuleType | None):
    if isinstance(recipe, PairRecipe):
        from groundup.recipes.train_pairs import train_pairs as flow
    else:
        from groundup.recipes.train_text import train_text as flow
    options: dict[str, Any] = {"say": print if launch.rank() == 0 else lambda line: None}
    if isinstance(recipe, TextRecipe) and hasattr(module, "watch"):
        options["watch"] = module.watch  # type: ignore[union-attr]
    if resume:
        options["resume"] = True
    elif init_from is not None:
        options["init_from"] = init_from
    with (
        nullcontext(folder)
        if resume
        else in_place_of(folder)
        if launch.rank() == 0
        else scratch_folder(folder) as place
    ):
        if not resume and (stamp := launch.stamp()) is not None:
            place.path.mkdir(parents=True, exist_ok=True)
            place.launch_file.write_text(stamp, encoding="utf-8")
        return flow(recipe, place, **options)  # type: ignore[arg-type]


def is_mine(folder: RunFolder) -> bool:
    """Whether an earlier attempt of this launch began the run: torchrun, or Slurm, started it again."""
    stamp = launch.stamp()
    if stamp is None:
        return launch.restarted()
    return folder.begun_under(stamp) and (launch.restarted() or not folder.results_file.is_file())


def with_data(recipe: Recipe, paths: list[str]) -> Recipe:
    if not paths:
        return recipe
    if isinstance(recipe, TextRecipe):
        if len(paths) > 1:
            raise ValueError(f"{recipe.name} learns from one file or folder, not also {paths[1]!r}")
        return dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, corpus=paths[0]))
    valid, test = PUBLISHED.get(paths[0], (recipe.data.valid, recipe.data.test))
    other = paths[1] if len(paths) > 1 else None
    data = dataclasses.replace(recipe.data, corpus=paths[0], other=other, valid=valid, test=test)
    return dataclasses.replace(recipe, data=data)


def with_preset(recipe: Recipe, name: str) -> Recipe:
    """The recipe with the named architecture, its context no longer than the recipe's."""
    chosen = preset(name, dropout=recipe.model.dropout)
    chosen = dataclasses.replace(
        chosen, vocab_size=recipe.model.vocab_size, context=min(chosen.context, recipe.model.context)
    )
    return dataclasses.replace(recipe, model=chosen)


def planned(recipe: Recipe) -> Recipe:
    """The recipe with the vocabulary its tokenizer is asked for; only the text can say how many characters it has."""
    if recipe.tokenizer.kind == "characters":
        return recipe
    V = recipe.tokenizer.vocab_size
    if isinstance(recipe, PairRecipe):
        from groundup.recipes.train_pairs import with_sizes

        return with_sizes(recipe, V, source=None if recipe.tokenizer.shared else V)
    model = dataclasses.replace(recipe.model, vocab_size=-(-V // recipe.tokenizer.pad) * recipe.tokenizer.pad)
    return dataclasses.replace(recipe, model=model)


def print_plan(recipe: Recipe) -> None:
    """The resolved recipe, parameters, and the memory that a step takes; a warning where this machine has less."""
    import json

    from groundup.build import count_parameters, on_meta
    from groundup.plan.here import needs, too_much

    held = needs(recipe)
    constant = held.weights + held.gradients + held.optimizer
    print(json.dumps(dataclasses.asdict(recipe), indent=2, ensure_ascii=False))
    tokens = recipe.data.batch_tokens if isinstance(recipe, PairRecipe) else recipe.data.batch * recipe.model.context
    of_step = recipe.train.batch_tokens or tokens * recipe.train.accumulate
    print(
        f"{count_parameters(on_meta(recipe.model)):,} parameters at {recipe.model.vocab_size:,} tokens; "
        f"weights, gradients and optimizer take {constant / 1e6:,.0f} MB, "
        f"a batch about {(held.total - constant) / 1e6:,.0f} MB; {of_step:,} tokens a step"
    )
    if (warning := too_much(recipe)) is not None:
        print(f"groundup: {warning}", file=sys.stderr)


def take_option(arguments: list[str], name: str) -> tuple[str | None, list[str]]:
    """The value of --name VALUE or --name=VALUE, and the arguments without it."""
    for i, argument in enumerate(arguments):
        if argument.startswith(f"{name}="):
            return argument.split("=", 1)[1], arguments[:i] + arguments[i + 1 :]
        if argument == name:
            if i + 1 == len(arguments):
                raise ValueError(f"{name} needs a value")
            return arguments[i + 1], arguments[:i] + arguments[i + 2 :]
    return None, arguments


def take_flag(arguments: list[str], name: str) -> tuple[bool, list[str]]:
    return name in arguments, [argument for argument in arguments if argument != name]
