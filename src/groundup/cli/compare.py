"""groundup compare NAME: a fair comparison by its name. groundup compare RUN RUN ...: finished runs side by side."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from groundup.cli.parse import parse
from groundup.comparisons.comparison import Comparison, check_sizes, tokens
from groundup.comparisons.table import COMPARISONS, find_comparison
from groundup.run.folder import RUNS


@dataclass(frozen=True)
class Compare:
    """Compare variants of a recipe: same data, same tokens, a learning rate for each, several seeds, with intervals.

    Interrupted, the same command goes on. With two or more runs instead of a name: their results side by side.
    """

    names: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="COMPARISON | RUN RUN ...")]
    """The name of a comparison (five-families, modern, tokenizers-multi30k, tokenizers-en-it), or two or more runs."""
    lrs: tuple[float, ...] = ()
    """Peak learning rates to try each variant with; left out, those of the comparison."""
    seeds: tuple[int, ...] = ()
    """Seeds of the runs, left out 0 1 2; the first one also serves to choose the learning rate."""
    steps: int | None = None
    """Optimizer steps of every run; None keeps the comparison's."""
    jobs: int | None = None
    """Runs beside each other; None is one for each core (on a GPU one), the threads shared out among them."""
    out: Path | None = None
    """The folder of it all; None is runs/compare/NAME."""
    dry_run: bool = False
    """Print variants, parameters, tokens, runs and an estimate of the time, and stop."""


def main(arguments: list[str]) -> None:
    options = parse(Compare, arguments, prog="groundup compare")
    if not options.names:
        raise ValueError(f"what is to be compared? Give {', '.join(COMPARISONS)}, or two or more runs")
    if len(options.names) > 1:
        from groundup.comparisons.side_by_side import side_by_side

        for field in dataclasses.fields(Compare)[1:]:
            if getattr(options, field.name) != field.default:
                flag = field.name.replace("_", "-")
                raise ValueError(f"--{flag} is for comparisons by name; finished runs are compared as they are")
        side_by_side(options.names)
        return
    name = next(iter(options.names))
    if name not in COMPARISONS and any((folder / "recipe.json").is_file() for folder in (Path(name), RUNS / name)):
        raise ValueError(f"{name} is one run; give two or more of them, or a name of {', '.join(COMPARISONS)}")
    compare(wanted(name, options), options.out or RUNS / "compare" / name, options)


def wanted(name: str, options: Compare) -> Comparison:
    """The named comparison with what the options change."""
    comparison = find_comparison(name)
    if options.steps is not None:
        comparison = comparison.shortened(options.steps)
    changes = {name: getattr(options, name) for name in ("lrs", "seeds") if getattr(options, name)}
    return dataclasses.replace(comparison, **changes)


def compare(comparison: Comparison, root: Path, options: Compare) -> None:
    """Check that it is fair, run what is missing, report."""
    if options.jobs is not None and options.jobs < 1:
        raise ValueError(f"jobs ({options.jobs}) must be at least 1; try --jobs 1")
    sizes = check_sizes(comparison)
    from groundup.comparisons.conduct import conduct, shared_out
    from groundup.comparisons.report import report

    jobs, threads = shared_out(comparison, options.jobs)
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
    print(f"{comparison.about}\n{tokens(comparison.first):,} tokens a run, seeds {comparison.seeds}", flush=True)
    took = minutes(comparison, jobs=jobs, threads=threads)
    many = f"{jobs} at a time with {threads} thread{'s' * (threads > 1)} each"
    print(f"{comparison.runs} runs or a few more, {many}: about {took:.0f} minutes", flush=True)
