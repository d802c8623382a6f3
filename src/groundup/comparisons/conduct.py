"""Run the trainings of a comparison, several beside each other, each a process and an ordinary run folder.

What is finished is never repeated and what was begun goes on, so an interrupted comparison is resumed by its command.
"""

import dataclasses
import json
import subprocess
import time
from collections.abc import Collection
from pathlib import Path

from groundup.comparisons.changes import difference
from groundup.comparisons.comparison import Comparison
from groundup.comparisons.course import Course
from groundup.comparisons.one_run import PLAN, run_one
from groundup.comparisons.processes import outcome_of, start, stopping
from groundup.comparisons.trials import Outcome, Trial, missing_trials, read_outcome
from groundup.data.load import load_texts
from groundup.data.split import split_text, split_texts
from groundup.recipes.recipe import Recipe, TextRecipe, load_recipe, save_recipe
from groundup.run.claim import alone
from groundup.run.folder import RunFolder

LEARN, TEST = "learn.jsonl", "test.jsonl"


def conduct(comparison: Comparison, root: Path, *, jobs: int, threads: int) -> dict[Trial, Outcome]:
    """Train whatever is missing under `root`, `jobs` runs at a time of `threads` each, and give every outcome.

    Ctrl-C stops the running trainings, which save themselves first. ValueError, with the last line of its log, where a
    training fails, or where another call is at work there; where a training diverges that is an outcome.
    """
    with alone(RunFolder(root / "runs")):  # a lock within the folder: what is around it may be somebody else's
        return _conduct(with_test_part(comparison, root), root, jobs=jobs, threads=threads)


def _conduct(comparison: Comparison, root: Path, *, jobs: int, threads: int) -> dict[Trial, Outcome]:
    known: dict[Trial, Outcome] = {}
    running: dict[Trial, subprocess.Popen] = {}
    gather(comparison, root, known)
    with Course(comparison, root, known, running) as course, stopping(running):
        while missing := missing_trials(comparison, known):
            for trial in [trial for trial in missing if trial not in running][: jobs - len(running)]:
                running[trial] = begin(comparison, root, trial, threads=threads)
                course.begun(trial)
            time.sleep(0.1)
            ended = [trial for trial, process in running.items() if process.poll() is not None]
            for trial in ended:
                known[trial] = outcome_of(trial.folder(root), running.pop(trial))
                course.finished(trial)
            if ended:  # it may settle a learning rate that other seeds were already trained with
                gather(comparison, root, known, running)
            course.update()
    return known


def gather(comparison: Comparison, root: Path, known: dict[Trial, Outcome], running: Collection[Trial] = ()) -> None:
    """Take in what earlier calls have finished, if this comparison needs it by now.

    ValueError where a run was planned otherwise: half of a comparison must not be of another kind.
    """
    while True:
        found = {}
        for trial in missing_trials(comparison, known):
            folder = trial.folder(root)
            if trial not in running and (folder / PLAN).is_file():
                _refuse_other_plan(load_recipe(folder / PLAN), planned(comparison, trial), folder, root)
                if (outcome := read_outcome(folder)) is not None:
                    found[trial] = outcome
        if not found:
            return
        known |= found


def planned(comparison: Comparison, trial: Trial) -> Recipe:
    """The recipe of one training. Muon's own learning rate keeps its ratio to the other one."""
    recipe = comparison.variants[trial.variant]
    train = recipe.train
    matrix_lr = train.matrix_lr * trial.lr / train.lr if train.optimizer == "muon" else train.matrix_lr
    train = dataclasses.replace(train, lr=trial.lr, matrix_lr=matrix_lr, seed=trial.seed)
    return dataclasses.replace(recipe, name=trial.variant, train=train)


def begin(comparison: Comparison, root: Path, trial: Trial, *, threads: int) -> subprocess.Popen:
    """Start one training in its own process, which ends when its standard input is closed."""
    folder = trial.folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    comparison.code.keep(folder)
    save_recipe(planned(comparison, trial), folder / PLAN)
    test = [str(root / TEST)] if isinstance(comparison.first, TextRecipe) else []
    return start(run_one.__module__, folder, *test, threads=threads)


def with_test_part(comparison: Comparison, root: Path) -> Comparison:
    """Set aside the second half of the held-out text for the test, and keep the rest to learn from.

    Learning rate and checkpoint are chosen on the first half, so only the second is a fair judge. What a single text
    gives to learn from stays what it was, to the character. Pairs have a test part of their own.
    """
    if not isinstance(comparison.first, TextRecipe):
        return comparison
    data = comparison.first.data
    texts = load_texts(data.corpus)
    if len(texts) == 1:
        train, held_out = split_text(texts[0], valid=data.valid)
        valid, test = split_text(held_out, valid=0.5)
        learn, tests = [train + valid], [test]
        share = (len(valid) - 0.5) / len(learn[0])  # so that the cut falls between train and valid, not beside it
    else:
        learn, tests = split_texts(texts, valid=data.valid / 2)
        share = data.valid / (2 - data.valid)
    for name, part in ((LEARN, learn), (TEST, tests)):
        written = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in part)
        if not (root / name).is_file():
            (root / name).write_text(written, encoding="utf-8")
        elif (root / name).read_text(encoding="utf-8") != written:
            raise ValueError(f"{data.corpus} is no longer what {root} was begun with; choose another --out")

    def cut(recipe: Recipe) -> Recipe:
        changed = dataclasses.replace(recipe.data, corpus=str(root / LEARN), valid=share)  # type: ignore[call-arg]
        return dataclasses.replace(recipe, data=changed)

    return dataclasses.replace(comparison, variants={name: cut(r) for name, r in comparison.variants.items()})


def _refuse_other_plan(written: Recipe, wanted: Recipe, folder: Path, root: Path) -> None:
    if (said := difference(written, wanted)) is not None:
        raise ValueError(f"{folder} was begun with {said}; choose another --out, or delete {root}")
