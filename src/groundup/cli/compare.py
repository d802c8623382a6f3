"""groundup compare: a comparison by its name, the rows of a Python file, a recipe with several values of a field, or
finished runs side by side."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from groundup.cli.parse import parse
from groundup.cli.vary import varied
from groundup.comparisons.changes import counted, of_file, of_values
from groundup.comparisons.comparison import Comparison, check_sizes
from groundup.comparisons.table import COMPARISONS, find_comparison
from groundup.flow.complete import with_data
from groundup.flow.find import find
from groundup.recipes.table import RECIPES
from groundup.run.folder import RUNS
from groundup.run.own_code import read_code


@dataclass(frozen=True)
class Compare:
    """Compare variants of a recipe: same data, same tokens, a learning rate for each, several seeds, with intervals.

    Interrupted, the same command goes on. With two or more runs instead of a name: their results side by side, those
    that differ by their seed alone as one, with an interval.
    """

    names: Annotated[
        tuple[str, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="COMPARISON | mine.py [DATA] | RECIPE [DATA] --vary ... | RUN RUN ..."),
    ]
    """A comparison (five-families, modern, tokenizers-multi30k, tokenizers-en-it), a Python file with a COMPARISON,
    with --vary a recipe (or a Python file, or a recipe.json), or two or more runs."""
    vary: tuple[str, ...] = ()
    """A setting of the recipe and its values: --vary model.width 64 128 256, --vary train.lr 1e-3 2e-3."""
    lrs: tuple[float, ...] = ()
    """Peak learning rates to try each variant with; left out, those of the comparison."""
    seeds: tuple[int, ...] = ()
    """Seeds of the runs, left out 0 1 2; the first one also serves to choose the learning rate."""
    steps: int | None = None
    """Optimizer steps of every run; None keeps the comparison's."""
    jobs: int | None = None
    """Runs beside each other; None is one for each core (on a GPU one), the threads shared out among them."""
    out: Path | None = None
    """The folder of it all; None is one under runs/compare/."""
    dry_run: bool = False
    """Print variants, parameters, tokens, runs and an estimate of the time, and stop."""
    trust_code: bool = False
    """With a recipe.json: execute the Python file of its own that lies beside it."""


def main(arguments: list[str]) -> None:
    options = parse(Compare, arguments, prog="groundup compare")
    if not options.names:
        raise ValueError(f"what is to be compared? Give {', '.join(COMPARISONS)}, or two or more runs")
    if len(options.names) > 1 and not options.vary and not options.names[0].endswith(".py"):
        from groundup.comparisons.side_by_side import side_by_side

        for field in dataclasses.fields(Compare)[1:]:
            if getattr(options, field.name) != field.default and field.name != "out":
                flag = field.name.replace("_", "-")
                raise ValueError(f"--{flag} is for comparisons by name; finished runs are compared as they are")
        side_by_side(options.names, out=options.out)
        return
    comparison = wanted(options)
    compare(comparison, options.out or RUNS / "compare" / comparison.name, options)


def wanted(options: Compare) -> Comparison:
    """The comparison that is named, in a file or made of values, with what the options change."""
    name, *data = options.names
    if options.vary:
        comparison = _of_values(name, data, options)
    elif name.endswith(".py"):
        code = read_code(Path(name))
        recipe = None if code.recipe is None else with_data(code.recipe, data)
        comparison = of_file(code, recipe, steps=options.steps)
    else:
        if name not in COMPARISONS and any((folder / "recipe.json").is_file() for folder in (Path(name), RUNS / name)):
            raise ValueError(f"{name} is one run; give two or more of them, or a name of {', '.join(COMPARISONS)}")
        if name not in COMPARISONS and (name in RECIPES or name.endswith(".json")):
            raise ValueError(f"{name} is a recipe; say what is to differ, such as --vary model.width 64 128")
        comparison = find_comparison(name)
    if options.steps is not None:
        comparison = comparison.shortened(options.steps)
    changes: dict[str, Any] = {name: getattr(options, name) for name in ("lrs", "seeds") if getattr(options, name)}
    if options.lrs:
        changes["untuned"] = ()
    return dataclasses.replace(comparison, **changes)


def _of_values(name: str, data: list[str], options: Compare) -> Comparison:
    """The comparison of --vary: the recipe with each of the values."""
    if options.lrs and options.vary[0] in ("train.lr", "train.matrix-lr", "train.matrix_lr"):
        raise ValueError(f"--lrs chooses what --vary {options.vary[0]} compares; leave one of them out")
    if options.steps is not None and options.vary[0] == "train.steps":
        raise ValueError("--steps and --vary train.steps say the same; leave --steps out")
    recipe, code = find(name, trust_code=options.trust_code, renamed=False)
    field, variants = varied(with_data(recipe, data), options.vary)
    steps = {name: code.signed(counted(one, options.steps)) for name, one in variants.items()}
    return of_values(recipe, steps, field=field, code=code)


def compare(comparison: Comparison, root: Path, options: Compare) -> None:
    """Check that it is fair, run what is missing, report."""
    if options.jobs is not None and options.jobs < 1:
        raise ValueError(f"jobs ({options.jobs}) must be at least 1; try --jobs 1")
    sizes = check_sizes(comparison)
    from groundup.comparisons.conduct import conduct
    from groundup.comparisons.processes import shared_out
    from groundup.comparisons.report import report

    jobs, threads = shared_out(comparison.first.train.device, comparison.runs, options.jobs)
    if options.dry_run or not root.exists():  # one that goes on tells its own pace
        announce(comparison, sizes, jobs=jobs, threads=threads)
    if options.dry_run:
        return
    known = conduct(comparison, root, jobs=jobs, threads=threads)
    report(comparison, root, known)
    print(f"\n{root}: comparison.md, comparison.json, curves.png, samples/, and a folder for each run")


def announce(comparison: Comparison, sizes: dict[str, int], *, jobs: int, threads: int) -> None:
    """Variants, tokens, runs, and how long it will be; at once, even into a pipe."""
    from groundup.comparisons.estimate import minutes

    for name, size in sizes.items():
        lrs = ", ".join(f"{lr:g}" for lr in comparison.grid(name))
        print(f"  {name:20} {size:>12,} parameters  learning rates {lrs}")
    print(f"{comparison.about}\n{comparison.budget}, seeds {comparison.seeds}", flush=True)
    took = minutes(comparison, jobs=jobs, threads=threads)
    many = f"{jobs} at a time with {threads} thread{'s' * (threads > 1)} each"
    print(f"{comparison.runs} runs or a few more, {many}: about {took:.0f} minutes", flush=True)
