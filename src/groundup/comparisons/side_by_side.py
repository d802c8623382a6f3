"""Finished runs beside each other, by their results.json."""

import csv
import hashlib
import io
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from groundup.comparisons.grouped import Finished, Group, grouped
from groundup.comparisons.picture import draw, write_curves
from groundup.data.shards import is_shard_folder
from groundup.files import write_whole
from groundup.recipes.recipe import PairRecipe, Recipe
from groundup.run.folder import RUNS, RunFolder, find_run
from groundup.run.results import read_results


def side_by_side(names: Sequence[str], *, out: Path | None = None) -> None:
    """Print one column for each run, or for runs that differ by their seed alone, and write all of it into `out`.

    out: None is a folder under runs/compare/. ValueError if they were not judged on the same text.
    """
    runs = [find_run(name) for name in names]
    for run in runs:
        if not run.results_file.is_file():
            raise ValueError(f"{run.path} is not finished: it has no results.json; try: groundup resume {run.quoted}")
    recipes = [run.recipe() for run in runs]
    for run, recipe in zip(runs[1:], recipes[1:], strict=True):
        if (mine := judged_on(recipe)) != (first := judged_on(recipes[0])):
            raise ValueError(
                f"{runs[0].path} was judged on {first}, {run.path} on {mine}: such figures cannot be compared"
            )
    records = [read_results(run.results_file) for run in runs]
    for run, record in zip(runs[1:], records[1:], strict=True):
        if (mine := sizes(record)) != (first := sizes(records[0])):
            raise ValueError(
                f"{runs[0].path} was judged on {first} of it, {run.path} on {mine}: such figures cannot be compared"
            )
    groups = grouped([Finished(*one) for one in zip(runs, recipes, records, strict=True)])
    columns = [_shown(group) for group in groups]
    drawn = Table()
    drawn.add_column("")
    for group in groups:
        drawn.add_column(group.name, justify="right")
    for title in dict.fromkeys(title for column in columns for title in column):
        drawn.add_row(title, *(column.get(title, "-") for column in columns))
    Console(highlight=False, width=None if Console().is_terminal else 40 + 40 * len(groups)).print(drawn)
    if len({recipe.tokenizer for recipe in recipes}) > 1:
        print("their tokenizers differ: compare bits per byte, not loss or perplexity a token")
    print(_how_sure(groups))
    if len(runs) == 2:
        print(f"whether these two differ by more than luck: groundup evaluate {' '.join(map(shlex.quote, names))}")
    folder = out or RUNS / "compare" / _folder_name(runs)
    write(groups, folder)
    print(f"{folder}: numbers.csv, numbers.json, curves.png, curves.csv")


def _shown(group: Group) -> dict[str, str]:
    """The column of a group. ValueError for a results.json that lacks something of the training."""
    try:
        return group.shown
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        files = ", ".join(str(one.run.results_file) for one in group.runs)
        raise ValueError(f"{files}: not the results of a run: its training has no {error}") from None


def _how_sure(groups: Sequence[Group]) -> str:
    """What the figures may be taken for."""
    least = min(len(group.runs) for group in groups)
    several = "mean ± half of the 95% interval over the seeds (Student's t)"
    if least > 1:
        return f"{several}; intervals that do not touch are a difference"
    single = (
        "one seed has no interval, so small differences mean nothing: train the same with other seeds (--train.seed)"
    )
    return single if all(len(group.runs) == 1 for group in groups) else f"{several}; {single}"


def _folder_name(runs: Sequence[RunFolder]) -> str:
    """A name made of the runs' names and, for runs of the same names elsewhere, of a few digits of their paths."""
    paths = [str(run.real) for run in runs]
    digits = hashlib.sha256("\n".join(paths).encode()).hexdigest()[:6]
    return f"{'+'.join(run.real.name for run in runs)[:60]}-{digits}"


def write(groups: Sequence[Group], folder: Path) -> None:
    """Write the curves as a picture and as CSV, and the numbers as CSV and JSON, into the folder.

    ValueError for a folder of something else.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "numbers.json").is_file():
        raise ValueError(f"{folder} is not empty, and nothing in it is replaced; choose another --out")
    folder.mkdir(parents=True, exist_ok=True)
    lines = {group.name: [one.run.path for one in group.runs] for group in groups}
    draw(lines, folder / "curves.png")
    write_curves(lines, folder / "curves.csv")
    found = io.StringIO()
    table = csv.writer(found, lineterminator="\n")
    table.writerow(["name", "figure", "mean", "half of the 95% interval", "seeds", "values"])
    record = []
    for group in groups:
        values = [one.numbers for one in group.runs]
        for name, one in group.numbers.items():
            each = " ".join(f"{value[name]:g}" for value in values)
            table.writerow([group.name, name, one.mean, "" if one.half is None else one.half, len(values), each])
        runs = [{"run": str(one.run.path), "seed": one.recipe.train.seed, **one.numbers} for one in group.runs]
        means = {name: {"mean": one.mean, "half": one.half} for name, one in group.numbers.items()}
        record.append({"name": group.name, "runs": runs, "figures": means, "facts": group.facts})
    write_whole(folder / "numbers.csv", found.getvalue())
    text = json.dumps({"groups": record}, indent=2, ensure_ascii=False)
    write_whole(folder / "numbers.json", text + "\n")


def judged_on(recipe: Recipe) -> str:
    """Corpus and split, in words."""
    if not isinstance(recipe, PairRecipe):
        held_out = "what is held out" if is_shard_folder(recipe.data.corpus) else f"the last {recipe.data.valid:g}"
        return f"{held_out} of {recipe.data.corpus}"
    data = recipe.data
    made = f", phrasebook of {data.phrasebook:,}" if data.corpus.startswith("phrasebook") else ""
    sides = f"{data.corpus}{f' and {data.other}' if data.other else ''}{', reversed' if data.reverse else ''}"
    if data.memorise:
        return f"all of {sides}, learnt by heart"
    test, valid = ("a tenth, 1,000 at most," if n is None else f"{n:,}" for n in (data.test, data.valid))
    return f"{test} test pairs ({valid} for validation) of {sides}{made}, split seed {data.split_seed}"


def sizes(record: dict[str, Any]) -> str:
    """The size of each split in characters of text, or in pairs."""
    found = {result["split"]: result["size"] for result in record["results"]}
    return ", ".join(f"{size:,} ({split})" for split, size in sorted(found.items()))
