"""One training of a comparison, in a process of its own: python -m groundup.comparisons.one_run FOLDER."""

import sys
from pathlib import Path
from typing import Any

from groundup.comparisons.processes import as_process
from groundup.comparisons.trials import Outcome
from groundup.flow.score_text import score_text
from groundup.flow.text import read_texts
from groundup.flow.train import train
from groundup.recipes.recipe import PairRecipe, load_recipe
from groundup.run.folder import RunFolder
from groundup.run.load import load_text_run
from groundup.run.own_code import kept_code
from groundup.run.results import read_results
from groundup.run.text import TextRun
from groundup.training.checkpoint import saved_steps

PLAN = "plan.json"
"""The recipe as it was planned; recipe.json is the same with the vocabulary as it turned out."""


def run_one(folder: Path, test: list[str] | None = None) -> Outcome:
    """Train by FOLDER/plan.json, going on where an earlier attempt stopped; judge, and write outcome.json.

    `test` is the text that a language model is judged on besides its own held-out part.
    """
    here = RunFolder(folder)
    resume = bool(saved_steps(here.checkpoints))
    plan = here.recipe() if resume else load_recipe(folder / PLAN)
    trusted = load_recipe(folder / PLAN).code or False  # written by the comparison, for a file that its user has named
    code = kept_code(folder, plan, trust_code=trusted)
    try:
        run = train(plan, here, code=code, resume=resume)
        code.finish(run)
        figures = (
            text_figures(run, test, trusted=trusted) if isinstance(run, TextRun) else pair_figures(run.recipe, here)
        )
    except FloatingPointError as error:
        outcome = Outcome(diverged=str(error))
    else:
        outcome = Outcome(figures, recorded(here)["training"])
    outcome.save(folder)
    return outcome


def text_figures(best: TextRun, test: list[str] | None, *, trusted: str | bool = False) -> dict[str, float]:
    """Loss and bits per byte of the best and the last checkpoint, over the whole of each held-out text, in float32."""
    texts = {"valid": read_texts(best.recipe.data)[1]} | ({} if test is None else {"test": test})
    training = recorded(best.folder)["training"]
    last = best
    if training["best_step"] != training["steps"]:
        last = load_text_run(best.folder.path, "be compared", checkpoint="latest", trust_code=trusted)
    figures = {}
    for split, held_out in texts.items():
        for run, suffix in ((best, ""), (last, "_last")):
            found = {result.metric: result.value for result in score_text(run, held_out, split=split)}
            figures[f"{split}{suffix}"] = found["loss"]
            figures[f"{split}_bits{suffix}"] = found["bits-per-byte"]
    return figures


def pair_figures(plan: PairRecipe, folder: RunFolder) -> dict[str, float]:
    """Validation losses, and BLEU and chrF of the final evaluation with all its beams."""
    record = recorded(folder)
    scores = {r["metric"]: r["value"] for r in record["results"] if r["num_beams"] == plan.num_beams}
    training = record["training"]
    losses = {"valid": training["best_validation_loss"], "valid_last": training["last_validation_loss"]}
    return losses | {"bleu": scores["bleu"], "chrf": scores["chrf"]}


def recorded(folder: RunFolder) -> dict[str, Any]:
    """Read results.json."""
    return read_results(folder.results_file)


def main() -> None:
    from groundup.data.load import load_texts

    folder = Path(sys.argv[1])
    as_process(lambda: run_one(folder, load_texts(Path(sys.argv[2])) if len(sys.argv) > 2 else None))


if __name__ == "__main__":
    main()
