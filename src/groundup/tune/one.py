"""One training of a tune, in a process of its own: python -m groundup.tune.one FOLDER range|SHARE.

`range` is the range test; a share is that of the validation part that a trial is judged on. The test part of pairs is
neither encoded nor scored.
"""

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from groundup.batch import IGNORE, Batch
from groundup.comparisons.one_run import PLAN
from groundup.comparisons.processes import as_process
from groundup.comparisons.trials import Outcome
from groundup.flow.describe import training_record
from groundup.flow.pairs import PairParts, encode_pairs, plan_batches
from groundup.flow.score_text import text_size
from groundup.flow.text import held_out_windows
from groundup.flow.train import Ready, prepare
from groundup.recipes.recipe import PairRecipe, TextRecipe, load_recipe
from groundup.run.folder import RunFolder
from groundup.run.own_code import OwnCode, kept_code
from groundup.text.tokenizer import Tokenizer
from groundup.training.checkpoint import saved_steps
from groundup.training.fit import fit
from groundup.tune.range_test import range_test

CURVE = "range.json"
RANGE = "range"


def main() -> None:
    folder, what = Path(sys.argv[1]), sys.argv[2]
    as_process(lambda: run_range_test(folder) if what == RANGE else run_trial(folder, float(what)))


def run_range_test(folder: Path) -> None:
    """Do the range test with FOLDER/plan.json and write range.json."""
    code = _code(folder)
    range_test(prepare(load_recipe(folder / PLAN), RunFolder(folder), code=code), code).save(folder / CURVE)


def run_trial(folder: Path, share: float) -> Outcome:
    """Train by FOLDER/plan.json, going on where an earlier attempt stopped, and write outcome.json."""
    here, code = RunFolder(folder), _code(folder)
    resume = bool(saved_steps(here.checkpoints))
    ready = prepare(here.recipe() if resume else load_recipe(folder / PLAN), here, code=code, resume=resume)
    valid = held_out(ready, share)
    try:
        fitted = fit(
            ready.model,
            ready.batches.train,
            folder=folder,
            settings=ready.recipe.train,
            valid=valid,
            resume=resume,
            loss=code.loss,
        )
    except FloatingPointError as error:
        outcome = Outcome(diverged=str(error))
    else:
        figures = {"valid": fitted.best_loss, "valid_last": fitted.last_loss}
        figures["valid_bits"] = fitted.best_loss * bits(valid, ready.parts.tokenizers.target)
        outcome = Outcome(figures, training_record(fitted, ready.model, 0.0))
    outcome.save(folder)
    return outcome


def held_out(ready: Ready, share: float) -> Sequence[Batch]:
    """The first part of what is held out for validation, the same text for every trial; at least a few tokens."""
    recipe, parts = ready.recipe, ready.parts
    if isinstance(parts, PairParts):
        assert isinstance(recipe, PairRecipe)
        count = max(1, math.ceil(share * len(parts.splits.valid)))
        encoded = encode_pairs(parts.splits.valid[:count], parts.tokenizers)
        return plan_batches(recipe, parts.tokenizers, *encoded).fixed()
    assert isinstance(recipe, TextRecipe)
    ids = parts.valid[: max(2, math.ceil(share * len(parts.valid)))]
    return held_out_windows(ids, recipe, parts.tokenizer)


def bits(batches: Sequence[Batch], tokenizer: Tokenizer) -> float:
    """What a loss in nats a token is multiplied by to be in bits a byte of text."""
    ids = np.concatenate([batch.targets[batch.targets != IGNORE].numpy() for batch in batches])
    return len(ids) / max(1, text_size(ids, tokenizer)[0]) / math.log(2)


def _code(folder: Path) -> OwnCode:
    plan = load_recipe(folder / PLAN)
    return kept_code(folder, plan, trust_code=plan.code or False)  # the tune wrote it, for a file that its user named


if __name__ == "__main__":
    main()
