"""Finished runs beside each other, by their results.json."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from groundup.data.shards import is_shard_folder
from groundup.recipes.recipe import PairRecipe, Recipe
from groundup.run.folder import find_run
from groundup.run.results import read_results


def side_by_side(names: Sequence[str]) -> None:
    """Print one column for each run. ValueError if they were not judged on the same text."""
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
    drawn = Table()
    drawn.add_column("")
    for run in runs:
        drawn.add_column(str(run.path), justify="right")
    lines = []
    for run, recipe, record in zip(runs, recipes, records, strict=True):
        try:
            lines.append(figures(record) | circumstances(recipe, record))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{run.results_file}: not the results of a run: its training has no {error}") from None
    for title in dict.fromkeys(title for column in lines for title in column):
        drawn.add_row(title, *(column.get(title, "-") for column in lines))
    Console(highlight=False, width=None if Console().is_terminal else 40 + 40 * len(runs)).print(drawn)
    if len({recipe.tokenizer for recipe in recipes}) > 1:
        print("their tokenizers differ: compare bits per byte, not loss or perplexity a token")
    print("one seed each: no intervals, so small differences mean nothing; groundup compare NAME has several seeds")


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


def figures(record: dict[str, Any]) -> dict[str, str]:
    """The results, each with its split."""
    found = {}
    for result in record["results"]:
        beams = "" if result["num_beams"] is None else f", {result['num_beams']} beams"
        found[f"{result['metric']} on {result['split']}{beams}"] = f"{result['value']:.4f}"
    return found


def circumstances(recipe: Recipe, record: dict[str, Any]) -> dict[str, str]:
    """What the training took."""
    training = record["training"]
    return {
        "validation loss, best": f"{training['best_validation_loss']:.4f} (step {training['best_step']:,})",
        "validation loss, last": f"{training['last_validation_loss']:.4f} (step {training['steps']:,})",
        "parameters": f"{training['parameters']:,}",
        "training tokens": f"{training['target_tokens']:,}",
        "tokens/s": f"{training['target_tokens_per_second']:,}",
        "minutes": f"{training['minutes']:.1f}",
        "learning rate": f"{recipe.train.lr:g}",
        "seed": str(recipe.train.seed),
        "hardware": training["hardware"],
    }
