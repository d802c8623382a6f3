"""The way from a recipe to a judged run: read, make batches, build, fit, judge.

Text and pairs go the same way. What differs are four acts, which stand in `text`, `score_text`, `pairs`, `score_pairs`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from groundup.flow import pairs, score_pairs, score_text, text
from groundup.flow.batch_order import keep_order
from groundup.flow.checkup import first_look
from groundup.flow.complete import completed
from groundup.flow.describe import describe_model, training_record
from groundup.flow.held_out import keep_held_out
from groundup.flow.init_from import begun_from, first_weights
from groundup.flow.parts import Batches, Parts, Tokenizers
from groundup.flow.watch import watch
from groundup.hub.folder import tokenizer_from_hub
from groundup.plan.here import refuse_too_much
from groundup.recipes.recipe import PairRecipe, Recipe, TextRecipe, save_recipe
from groundup.run.folder import RunFolder
from groundup.run.own_code import STOCK, OwnCode
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun
from groundup.training.checkpoint import saved_steps
from groundup.training.fit import fit
from groundup.training.skeleton import initial_device

Say = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """The acts that differ between text and pairs; what model, loss and end are, `run.own_code` says."""

    read: Callable[..., Any]
    """(recipe, known tokenizers, say=) -> Parts"""
    make_batches: Callable[[Any, Any], Batches]
    judge: Callable[..., Any]
    """(recipe, folder, model, parts, training=, say=) -> the run, judged"""


TEXT = Task(text.read, text.make_batches, score_text.judge)
PAIRS = Task(pairs.read, pairs.make_batches, score_pairs.judge)


@dataclass(frozen=True)
class Ready:
    """All that a training needs: its complete recipe, the corpus as tokens, the model and the batches."""

    recipe: Recipe
    parts: Any
    model: nn.Module
    batches: Batches


def prepare(
    recipe: Recipe,
    folder: RunFolder,
    *,
    code: OwnCode = STOCK,
    resume: bool = False,
    init_from: str | Path | None = None,
    say: Say = print,
) -> Ready:
    """Read the corpus, begin the run in the folder unless it is resumed, build the model, and make the batches."""
    task = _task(recipe)
    known = Tokenizers(*folder.tokenizers()) if resume else None
    if init_from is not None:
        assert isinstance(recipe, TextRecipe), "`with_folder` refuses others"
        recipe, tokenizer = begun_from(recipe, init_from), tokenizer_from_hub(init_from)
        known = Tokenizers(tokenizer, tokenizer)
    parts: Parts = task.read(recipe, known, say=say)
    if not resume:
        recipe = _begin(recipe, folder, parts, code)
    keep_held_out(folder, parts.held_out, resume=resume)
    for line in parts.describe():
        say(line)
    refuse_too_much(recipe)
    model = _build(code, recipe, folder)
    say(describe_model(model, recipe.model))
    batches = task.make_batches(recipe, parts)
    say(batches.about)
    keep_order(folder, batches, resume=resume, say=say)
    return Ready(recipe, parts, model, batches)


def train(
    recipe: Recipe,
    folder: RunFolder,
    *,
    code: OwnCode = STOCK,
    resume: bool = False,
    init_from: str | Path | None = None,
    say: Say = print,
) -> TextRun | PairRun:
    """Train by the recipe into the folder, judge on what is held out, and write `results.json`.

    code: what the recipe's Python file makes in place of groundup's own model and loss.
    init_from: a Hugging Face folder to go on from, with its tokenizer and the model that the recipe names.
    """
    began = time.perf_counter()
    ready = prepare(recipe, folder, code=code, resume=resume, init_from=init_from, say=say)
    recipe, model = ready.recipe, ready.model
    first_look(model, recipe, say=say)
    fitted = fit(
        model,
        ready.batches.train,
        folder=folder.path,
        settings=recipe.train,
        valid=ready.batches.valid,
        max_minutes=recipe.max_minutes,
        resume=resume,
        watch=watch(recipe, folder, model, ready.parts.tokenizers.target),
        loss=code.loss,
    )
    record = training_record(fitted, model, began)
    return _task(recipe).judge(recipe, folder, model.eval(), ready.parts, training=record, say=say)


def _task(recipe: Recipe) -> Task:
    return PAIRS if isinstance(recipe, PairRecipe) else TEXT


def _begin(recipe: Recipe, folder: RunFolder, parts: Parts, code: OwnCode) -> Recipe:
    """Complete the recipe with the vocabulary there is, and write both into the folder."""
    source, target = parts.tokenizers
    if not (isinstance(recipe, TextRecipe) and recipe.init_from is not None):  # else the model has its vocabulary
        recipe = completed(recipe, source, target)
    folder.path.mkdir(parents=True, exist_ok=True)
    code.keep(folder.path)
    save_recipe(recipe, folder.recipe_file)
    folder.save_tokenizers(source, target)
    return recipe


def _build(code: OwnCode, recipe: Recipe, folder: RunFolder) -> nn.Module:
    """The model, untrained or with the weights that the run is begun from."""
    torch.manual_seed(recipe.train.seed)
    with initial_device(recipe.train.parallel) as device:
        model = code.build(recipe)
    begins = device.type != "meta" and not saved_steps(folder.checkpoints)
    if begins and (weights := first_weights(recipe)) is not None:
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:  # a model of the user's own may have others
            raise ValueError(
                f"--init-from: the weights do not fit this model ({' '.join(str(error).split())})"
            ) from None
    return model
