"""Write and print what a tune found: a table, results.json, a picture, and the command line to use."""

import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from groundup import __version__
from groundup.files import write_whole
from groundup.recipes.recipe import Recipe
from groundup.tune.command import command
from groundup.tune.picture import draw
from groundup.tune.search import Progress
from groundup.tune.space import own

RESULTS, PICTURE = "results.json", Path("plots") / "tune.png"
MEASURES = {"valid": "validation loss, nats a token", "valid_bits": "validation loss, bits a byte"}


def results(progress: Progress, words: Sequence[str], base: Recipe) -> dict[str, Any]:
    """Everything, for results.json. words, base: what the recipe is called on the command line, and what that names."""
    tune, plan = progress.tune, progress.plan
    ranked = progress.ranked()
    best = ranked[0]
    outcome = progress.known[best, len(plan.rungs) - 1]
    return {
        "recipe": words,
        "asked": plan.asked,
        "measure": MEASURES[tune.measure],
        "range_test": {"chosen": plan.rate},
        "rungs": [
            {"trials": count, "seconds": round(seconds, 1), "held_out": round(share, 4)}
            for count, seconds, share in zip(plan.rungs, plan.seconds, plan.held_out, strict=True)
        ],
        "trials": [_trial(progress, number, rank) for rank, number in enumerate(ranked, 1)],
        "best": best,
        "command": command(words, base, wanted(progress)),
        "hardware": outcome.training["hardware"],
        "versions": f"groundup {__version__}, torch {outcome.training['torch']}",
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def wanted(progress: Progress) -> Recipe:
    """The recipe of the best trial as it was trained on the last rung, with the validations that the recipe has."""
    tune, plan = progress.tune, progress.plan
    trained = tune.trial(plan, progress.ranked()[0], len(plan.rungs) - 1)
    train = dataclasses.replace(
        tune.recipe.train,
        **{name: getattr(trained.train, name) for name in ("steps", "lr", "matrix_lr", "warmup", "batch_tokens")},
    )
    return dataclasses.replace(trained, train=train)


def _trial(progress: Progress, number: int, rank: int) -> dict[str, Any]:
    plan, measure = progress.plan, progress.tune.measure
    found = {rung: progress.known[number, rung] for rung in range(progress.reached(number) + 1)}
    last = found[max(found)]
    return {
        "rank": rank,
        "trial": number,
        "is": _named(progress, number),
        "settings": plan.trials[number],
        "losses": [outcome.figures.get(measure) for outcome in found.values()],
        "steps": [plan.steps[number][rung] for rung in found],
        "minutes": round(sum(outcome.training.get("minutes", 0) for outcome in found.values()), 2),
        "parameters": last.training.get("parameters"),
        "diverged": last.diverged,
        "run": str(progress.tune.trial_folder(number, max(found))),
    }


def _named(progress: Progress, number: int) -> str:
    """What is special about a trial: the settings of the recipe, and these with the rate of the range test."""
    tune, plan = progress.tune, progress.plan
    before, settings = own(tune.recipe, tune.axes), plan.trials[number]
    if settings | {"rate": 0} != before | {"rate": 0}:
        return ""
    return {plan.rate: "the recipe with the rate of the range test", before["rate"]: "the recipe as it is"}.get(
        settings["rate"], ""
    )


def report(progress: Progress, words: Sequence[str], base: Recipe, *, as_json: bool = False) -> dict[str, Any]:
    """Write results.json and the picture, and print the table and the command line, or results.json itself."""
    record, folder = results(progress, words, base), progress.tune.folder
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(folder / RESULTS, text + "\n")
    draw(progress, folder / PICTURE, MEASURES[progress.tune.measure])
    if as_json:
        print(text)
        return record
    _print_table(record)
    print(f"\n{folder}: {RESULTS}, {PICTURE.as_posix()}, study.db, and a run for each trial of each rung")
    minutes = progress.plan.seconds[-1] / 60
    print(f"\nthe best settings for trainings of about {minutes:.2g} minutes (for longer ones, give more --minutes):")
    print(record["command"], flush=True)
    return record


def _print_table(record: dict[str, Any]) -> None:
    """Narrow enough for 80 columns, with the loss on the highest rung that a trial came to."""
    trials = record["trials"]
    axes = list(trials[0]["settings"])
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    drawn = Table(title=record["measure"], title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("rank", "trial", *axes, "loss", "rung", "steps"):
        drawn.add_column(title, justify="right")
    for one in trials:
        settings = [f"{one['settings'][name]:g}" for name in axes]
        loss = "diverged" if one["losses"][-1] is None else f"{one['losses'][-1]:.4f}"
        drawn.add_row(
            str(one["rank"]), str(one["trial"]), *settings, loss, str(len(one["losses"])), str(one["steps"][-1])
        )
    console.print(drawn)
    for one in sorted(trials, key=itemgetter("trial")):
        if one["is"]:
            print(f"trial {one['trial']}: {one['is']}")
