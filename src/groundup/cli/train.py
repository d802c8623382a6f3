"""groundup train RECIPE [DATA [OTHER]]: a whole experiment in one command; every setting of it is a flag."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from groundup.cli.parse import parse
from groundup.presets import preset
from groundup.recipes.recipe import PairRecipe, Recipe, TextRecipe
from groundup.recipes.table import RECIPES, find_recipe
from groundup.run.folder import RUNS, RunFolder

USAGE = """usage: groundup train RECIPE [DATA [OTHER]] [options]

RECIPE is one of:
{recipes}

DATA is a file, a folder or a named corpus (groundup data list) instead of the recipe's own; OTHER is the second of two
line-aligned files. `groundup train RECIPE --help` lists every setting. Besides them:

  --preset NAME   begin with a published architecture, such as gpt2-tiny, llama3-tiny or transformer-base
  --init-from DIR go on from a Hugging Face folder: its model, its weights, its tokenizer (language models)
  --dry-run       print the recipe with every default and the size of the model, and stop
  --overwrite     replace a run of the same name
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
    recipe = with_data(module.RECIPE, [rest.pop(0) for _ in range(2) if rest and not rest[0].startswith("-")])
    if preset_name is not None:
        if init_from is not None:
            raise ValueError("--init-from brings its own model; leave out --preset")
        recipe = with_preset(recipe, preset_name)
    if init_from is not None:
        from groundup.recipes.init_from import with_folder

        recipe = with_folder(recipe, init_from)
    parsed = parse(type(recipe), rest, prog=f"groundup train {arguments[0]}", default=recipe)
    check(parsed, recipe)
    if init_from is not None:
        from groundup.recipes.init_from import check_unchanged

        check_unchanged(parsed, recipe, init_from)  # type: ignore[arg-type]
    if dry_run:
        print_plan(parsed if init_from is not None else planned(parsed))
        return
    train_recipe(parsed, overwrite=overwrite, init_from=init_from, finish=getattr(module, "finish", None))


def usage() -> str:
    rows = [f"  {name:18} {(module.__doc__ or '').strip().splitlines()[0]}" for name, module in RECIPES.items()]
    return USAGE.format(recipes="\n".join(rows))


def train_recipe(
    recipe: Recipe,
    *,
    overwrite: bool = False,
    resume: bool = False,
    init_from: str | None = None,
    finish: Callable[..., None] | None = None,
):
    """Run the recipe's flow in runs/NAME, say where everything lies, and let the recipe show what came of it."""
    folder = RunFolder(RUNS / recipe.name)
    if folder.path.exists() and not resume:
        if not overwrite:
            raise ValueError(
                f"{folder.path} is already there; go on with it (groundup resume {recipe.name}), replace it "
                "(--overwrite), or give the new one another name (--name)"
            )
        if not folder.recipe_file.is_file():
            raise ValueError(f"{folder.path} is not a run, so it is not overwritten; choose another --name")
    if isinstance(recipe, PairRecipe):
        from groundup.recipes.train_pairs import train_pairs as flow
    else:
        from groundup.recipes.train_text import train_text as flow
    if resume:
        run = flow(recipe, folder, resume=True)  # type: ignore[arg-type]
    else:
        with in_place_of(folder):
            begin = {} if init_from is None else {"init_from": init_from}
            run = flow(recipe, folder, **begin)  # type: ignore[arg-type]
    print(f"\nrun          {folder.path}: results.json, metrics.jsonl, plots/loss.png, checkpoints/")
    if finish is not None:
        finish(run)
    return run


@contextmanager
def in_place_of(folder: RunFolder) -> Iterator[None]:
    """Keep an earlier run aside until its successor ends; one that ends without a checkpoint gives way to it again."""
    aside = folder.path.with_name(f".{folder.name}.replaced")

    def settle() -> None:
        if (folder.checkpoints / "latest").is_file():
            shutil.rmtree(aside, ignore_errors=True)
            return
        shutil.rmtree(folder.path, ignore_errors=True)
        if aside.exists():
            aside.rename(folder.path)

    if aside.exists():  # a training was killed, not interrupted
        settle()
    if folder.path.exists():
        folder.path.rename(aside)
    try:
        yield
    finally:
        settle()


def check(recipe: Recipe, default: Recipe) -> None:
    """Refuse what would be ignored: the tokenizer decides the vocabulary, the kind of data the kind of model.

    And refuse at once what would otherwise fail after the tokenizer, or after the training.
    """
    if not recipe.name or Path(recipe.name).name != recipe.name or recipe.name.startswith("."):
        raise ValueError(f"the name of a run ({recipe.name!r}) must be that of one folder; try --name my-run")
    if recipe.model.vocab_size != default.model.vocab_size:
        raise ValueError("the tokenizer decides the model's vocabulary; set --tokenizer.vocab-size instead")
    encoder = recipe.model.encoder_layers is not None
    if encoder != isinstance(recipe, PairRecipe):
        need = "an encoder-decoder; set --model.encoder-layers" if not encoder else "a decoder-only model"
        raise ValueError(f"recipe {recipe.name} needs {need}")
    if recipe.train.steps is None and recipe.max_minutes is None:
        raise ValueError("a training needs an end; set --train.steps or --max-minutes")
    if recipe.max_minutes is not None and not 0 < recipe.max_minutes < float("inf"):
        raise ValueError(f"max_minutes ({recipe.max_minutes:g}) must be a number above 0; try --max-minutes 5")


def with_data(recipe: Recipe, paths: list[str]) -> Recipe:
    if not paths:
        return recipe
    if isinstance(recipe, TextRecipe):
        if len(paths) > 1:
            raise ValueError(f"{recipe.name} learns from one file or folder, not also {paths[1]!r}")
        return dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, corpus=paths[0]))
    other = paths[1] if len(paths) > 1 else None
    return dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, corpus=paths[0], other=other))


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
    model = dataclasses.replace(recipe.model, vocab_size=V)
    if isinstance(recipe, PairRecipe) and not recipe.tokenizer.shared:
        tied = "head" if model.tied == "all" else model.tied
        model = dataclasses.replace(model, source_vocab_size=V, tied=tied)
    return dataclasses.replace(recipe, model=model)


def print_plan(recipe: Recipe) -> None:
    """The resolved recipe, parameters, and the memory that weights, gradients and optimizer take."""
    import json

    from groundup.models.causal_lm import count_parameters, on_meta

    print(json.dumps(dataclasses.asdict(recipe), indent=2, ensure_ascii=False))
    parameters = count_parameters(on_meta(recipe.model))
    context = recipe.model.context
    tokens = recipe.data.batch_tokens if isinstance(recipe, PairRecipe) else recipe.data.batch * context
    print(
        f"{parameters:,} parameters at {recipe.model.vocab_size:,} tokens; weights, gradients and AdamW's two moments "
        f"take {16 * parameters / 1e6:,.0f} MB; {tokens * recipe.train.accumulate:,} tokens a step"
    )


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
