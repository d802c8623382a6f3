"""groundup tune RECIPE [DATA [OTHER]] --minutes 30: a search for better settings, and the command line to use."""

import dataclasses
import functools
import sys
from dataclasses import dataclass
from typing import Annotated

import tyro

from groundup.cli.choosing import given
from groundup.cli.own import take_own
from groundup.cli.parse import parse
from groundup.files import writing_to
from groundup.flow.check import check, check_machine
from groundup.flow.complete import with_data
from groundup.flow.find import find
from groundup.recipes.recipe import PairRecipe, Recipe, TextRecipe
from groundup.run.folder import RUNS
from groundup.run.own_code import OwnCode
from groundup.training import launch


@dataclass(frozen=True)
class Tune:
    """Search for better settings of a recipe: first a test of learning rates, then many short trainings, of which the
    best go on three times as long, and the best of these again. It ends with the command line to use.

    Interrupted, the same command goes on, to the same end. The settings of the recipe are flags, as for `groundup
    train`. Trials are chosen by the validation part; the test part is not looked at.
    """

    names: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RECIPE [DATA [OTHER]]")]
    """A recipe, a Python file of yours or a recipe.json; and the data instead of its own."""
    minutes: float = 30.0
    """How long all of it may take. The last trainings take about an eighth of it on two cores."""
    trials: int | None = None
    """How many settings to try; None is 24, or as many as there is time for."""
    seed: int = 0
    """Of the settings that are drawn. The trainings have --train.seed."""
    jobs: int | None = None
    """Trainings beside each other; None is one for each core (on a GPU one)."""
    name: str | None = None
    """The folder of it all is runs/NAME-tune; None is the recipe's name."""
    json: bool = False
    """Print results.json at the end, for programs."""
    trust_code: bool = False
    """With a recipe.json: execute the Python file of its own that lies beside it."""


def main(arguments: list[str]) -> None:
    mine, settings = _divided(arguments)
    options = parse(Tune, mine if arguments else ["--help"], prog="groundup tune")
    _check(options)
    named, code = find(options.names[0], trust_code=options.trust_code, renamed=False)
    base = with_data(named, list(options.names[1:]))
    own, settings = take_own(settings, base.own)
    default = dataclasses.replace(base, own=own)
    wanted = parse(type(base), settings, prog=f"groundup tune {options.names[0]}", default=default)
    check(wanted, base)
    _refuse(wanted, code)
    name = options.name or named.name
    words = [*options.names, *["--trust-code"] * options.trust_code, "--name", f"{name}-tuned"]
    tune(dataclasses.replace(wanted, name=name), base, code, words, options)


def tune(wanted: Recipe, base: Recipe, code: OwnCode, words: list[str], options: Tune) -> None:
    """Plan, unless that is done, train what is missing, and report."""
    from groundup.data.shards import is_shard_folder
    from groundup.run.claim import alone
    from groundup.run.folder import RunFolder
    from groundup.tune.begin import begin
    from groundup.tune.report import report
    from groundup.tune.search import Tune, search

    check_machine(wanted, "none")
    wanted = code.signed(wanted)
    folder = RUNS / f"{wanted.name}-tune"
    what = Tune(wanted, folder, code, trained=not is_shard_folder(wanted.data.corpus))
    say = functools.partial(print, file=sys.stderr, flush=True)
    with writing_to(folder), alone(RunFolder(folder / "trials")):
        asked = {"minutes": options.minutes, "trials": options.trials, "seed": options.seed}
        plan = begin(what, asked, jobs=options.jobs, say=say)
        report(search(what, plan), words, base, as_json=options.json)


def _divided(arguments: list[str]) -> tuple[list[str], list[str]]:
    """What is for this verb, and the settings of the recipe: the flags that this verb does not have."""
    known = {f"--{field.name.replace('_', '-')}" for field in dataclasses.fields(Tune)} | {"--help", "-h"}
    mine: list[str] = []
    settings: list[str] = []
    into = mine
    for word in arguments:
        if word.startswith("--") or word == "-h":
            into = mine if given([word]) <= known else settings
        into.append(word)
    return mine, settings


def _check(options: Tune) -> None:
    if not 1 <= len(options.names) <= 3:
        raise ValueError("name a recipe, and data other than its own if you like: groundup tune corpus book.txt")
    if not 0 < options.minutes < float("inf"):
        raise ValueError(f"minutes ({options.minutes:g}) must be a number above 0; try --minutes 30")
    for name in ("trials", "jobs"):
        if (value := getattr(options, name)) is not None and value < 1:
            raise ValueError(f"{name} ({value}) must be at least 1; leave --{name} out")
    if not 0 <= options.seed < 2**32:
        raise ValueError(f"seed ({options.seed}) must be at least 0 and below 2 ** 32; try --seed 0")


def _refuse(recipe: Recipe, code: OwnCode) -> None:
    """ValueError for a recipe that has no validation part to choose by, or no first weights to draw."""
    if isinstance(recipe, PairRecipe) and recipe.data.memorise:
        raise ValueError(
            f"{recipe.name} learns everything by heart, so there is no validation part to choose settings by; "
            "tune a recipe that holds something out, such as: groundup tune translation pairs.tsv"
        )
    if isinstance(recipe, TextRecipe) and recipe.init_from is not None:
        raise ValueError(f"{recipe.name} goes on from {recipe.init_from}; only trainings from scratch are tuned")
    if launch.size() > 1:
        raise ValueError("a tune starts its own trainings, one beside the other; run it without torchrun")
