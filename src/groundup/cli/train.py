"""groundup train RECIPE [DATA [OTHER]]: a whole experiment in one command; every setting of it is a flag."""

import dataclasses
import sys
from typing import TYPE_CHECKING

from groundup.cli.choosing import given
from groundup.cli.own import take_own
from groundup.cli.parse import parse
from groundup.flow.check import check, check_machine
from groundup.flow.complete import planned, with_data, with_preset
from groundup.flow.find import find
from groundup.flow.start import begin
from groundup.recipes.recipe import PairRecipe, Recipe
from groundup.recipes.table import RECIPES, about
from groundup.run.own_code import OwnCode
from groundup.training import launch

if TYPE_CHECKING:
    from groundup.flow.sized import Reasons

USAGE = """usage: groundup train RECIPE [DATA [OTHER]] [options]

RECIPE is a Python file of yours (mine.py), the recipe.json of a run, which is then trained again, or one of:
{recipes}

`groundup train RECIPE --help` lists every setting.

{besides}"""

BESIDES = """DATA is a file, a folder or a named corpus (groundup data list) instead of the recipe's own; OTHER is the
second of two line-aligned files. Besides the settings of a recipe:

  --size auto     choose vocabulary, model, batch, rates and dropout for the text, --max-minutes and this machine,
                  and say why; flags of yours win (docs/sizing.md)
  --preset NAME   begin with a published architecture, such as gpt2-tiny, llama3-tiny or transformer-base
  --init-from DIR go on from a Hugging Face folder: its model, its weights, its tokenizer (language models)
  --dry-run       print the recipe with every default and the size of the model, and stop
  --own.NAME X    a setting that mine.py has invented: own=dict(NAME=...) of its RECIPE
  --trust-code    execute the copy of mine.py that lies beside a recipe.json
  --overwrite     replace a run of the same name
  --parallel HOW  ddp or fsdp, on the processes that torchrun starts:
                  torchrun --nproc-per-node 2 -m groundup train RECIPE --parallel ddp
"""


def main(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return
    rest = arguments[1:]
    trust_code, rest = take_flag(rest, "--trust-code")
    named_recipe, code = find(
        arguments[0], trust_code=trust_code, renamed=not {"--name", "--overwrite"} & given(arguments)
    )
    if {"-h", "--help"} & set(rest):
        what = about(arguments[0]) if arguments[0] in RECIPES else code.about or named_recipe.name
        print(f"groundup train {arguments[0]} [DATA [OTHER]] [options]: {what}\n\n{BESIDES}")
    size, rest = take_option(rest, "--size")
    preset_name, rest = take_option(rest, "--preset")
    init_from, rest = take_option(rest, "--init-from")
    if size is not None:
        _check_size(size, arguments[0], preset_name, init_from)
    dry_run, rest = take_flag(rest, "--dry-run")
    overwrite, rest = take_flag(rest, "--overwrite")
    parallel, rest = take_option(rest, "--parallel")
    rest += [] if parallel is None else ["--train.parallel", parallel]
    own, rest = take_own(rest, named_recipe.own)
    named = [rest.pop(0) for _ in range(2) if rest and not rest[0].startswith("-")]
    recipe = dataclasses.replace(with_data(named_recipe, named), own=own)
    if preset_name is not None:
        if init_from is not None:
            raise ValueError("--init-from brings its own model; leave out --preset")
        recipe = with_preset(recipe, preset_name)
    if init_from is not None:
        from groundup.flow.init_from import with_folder

        recipe = with_folder(recipe, init_from)
    prog, reasons = f"groundup train {arguments[0]}", None
    if size is not None:
        recipe, reasons = _sized(recipe, rest, prog)
    parsed = parse(type(recipe), rest, prog=prog, default=recipe)
    for path, flag in zip(named, ("corpus", "other"), strict=False):
        if (wanted := getattr(parsed.data, flag)) != path:
            raise ValueError(f"{path!r} and --data.{flag} ({wanted}) both say what to learn from; leave one out")
    check(parsed, recipe)
    why = [] if reasons is None else reasons.lines(parsed)
    if init_from is not None:
        from groundup.flow.init_from import check_unchanged

        check_unchanged(parsed, recipe, init_from)  # type: ignore[arg-type]
    if dry_run:
        print_plan(parsed if getattr(parsed, "init_from", None) else planned(parsed), code)
        print(*why, sep="\n", end="\n" * bool(why))
        return
    check_machine(parsed, parsed.train.parallel)
    print(*why, sep="\n", end="\n" * bool(why))
    if launch.rank() == 0 and code.model is None:
        _tell_of_export(parsed)
    weights = init_from or getattr(parsed, "init_from", None)  # a recipe.json may say so
    parsed = dataclasses.replace(parsed, based_on=named_recipe.based_on or named_recipe.name)
    begin(parsed, code=code, overwrite=overwrite, init_from=weights)


def _check_size(size: str, name: str, preset_name: str | None, init_from: str | None) -> None:
    """ValueError where `--size` cannot be meant."""
    from groundup.flow.sized import SIZED

    if size != "auto":
        raise ValueError(f"--size takes auto, not {size!r}; for a size of your own: --model.width 256 --model.layers 4")
    for flag, value in (("--preset", preset_name), ("--init-from", init_from)):
        if value is not None:
            raise ValueError(f"{flag} {value} brings a model with its size: leave out {flag}, or --size auto")
    if name not in SIZED:
        raise ValueError(f"--size auto is for {', '.join(SIZED)}, not for {name}; leave it out, or take one of them")


def _sized(recipe: Recipe, arguments: list[str], prog: str) -> "tuple[Recipe, Reasons]":
    """The recipe with the sizes chosen, and why; what the arguments fix is taken into account."""
    from groundup.flow.sized import sized

    trained = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, optimizer="muon"))
    asked = parse(type(recipe), arguments, prog=prog, default=trained)
    check(asked, trained)
    fixed = {flag.removeprefix("--").replace("-", "_") for flag in given(arguments)}
    return sized(recipe, asked, fixed)


def usage() -> str:
    rows = [f"  {name:18} {about(name)}" for name in RECIPES]
    return USAGE.format(recipes="\n".join(rows), besides=BESIDES)


def print_plan(recipe: Recipe, code: OwnCode) -> None:
    """The resolved recipe, parameters, and the memory that a step takes; a warning where this machine has less."""
    import json

    from groundup.build import count_parameters
    from groundup.plan.here import needs, too_much

    held = needs(recipe)
    constant = held.weights + held.gradients + held.optimizer
    print(json.dumps(dataclasses.asdict(recipe), indent=2, ensure_ascii=False))
    tokens = recipe.data.batch_tokens if isinstance(recipe, PairRecipe) else recipe.data.batch * recipe.model.context
    of_step = recipe.train.batch_tokens or tokens * recipe.train.accumulate
    print(
        f"{count_parameters(code.skeleton(recipe)):,} parameters at {recipe.model.vocab_size:,} tokens; "
        f"weights, gradients and optimizer take {constant / 1e6:,.0f} MB, "
        f"a batch about {(held.total - constant - held.process) / 1e6:,.0f} MB, "
        f"the process itself {held.process / 1e6:,.0f} MB; {of_step:,} tokens a step"
    )
    if (warning := too_much(recipe)) is not None:
        print(f"groundup: {warning}", file=sys.stderr)
    if code.model is None:
        _tell_of_export(recipe)


def _tell_of_export(recipe: Recipe) -> None:
    """One line before a training whose model no native format holds; nothing for the others."""
    from groundup.hub.folder import family_for

    try:
        family_for(recipe.model)
    except ValueError as error:
        print(f"to know before training: {error}")


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
