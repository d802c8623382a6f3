"""How long a comparison will take: a few steps of every variant, timed."""

import itertools
import statistics

import torch

from groundup.batch import Batch
from groundup.comparisons.comparison import Comparison
from groundup.recipes.recipe import PairRecipe, Recipe
from groundup.run.own_code import STOCK, OwnCode
from groundup.training.loop import train
from groundup.training.precision import choose_device, choose_precision


def minutes(comparison: Comparison, *, jobs: int, threads: int) -> float:
    """Minutes of all runs, `jobs` at a time, without validation and without grids that grow."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        seconds = statistics.fmean(
            seconds_a_step(recipe, comparison.code) * (recipe.train.steps or 0)
            for recipe in comparison.variants.values()
        )
    finally:
        torch.set_num_threads(before)
    return seconds * comparison.runs / jobs / 60


def seconds_a_step(recipe: Recipe, code: OwnCode = STOCK, *, steps: int = 6) -> float:
    """The median time of a few optimizer steps on random tokens, without the first two."""
    V, device = recipe.model.vocab_size, choose_device(recipe.train.device)
    if isinstance(recipe, PairRecipe):
        T = recipe.data.max_length // 2
        rows = max(1, recipe.data.batch_tokens // (2 * T))
        inputs = torch.randint(V, (2, rows, T))
        batch = Batch((inputs[0], inputs[1], torch.ones(rows, T, dtype=torch.bool)), inputs[1])
    else:
        ids = torch.randint(V, (recipe.data.batch, recipe.model.context))
        batch = Batch((ids,), ids)
    taken = train(
        code.build(recipe).to(device),
        itertools.repeat(batch),
        steps=steps,
        lr=1e-4,
        accumulate=recipe.train.accumulate,
        precision=choose_precision(device, recipe.train.precision),
        seed=0,
        loss=code.loss,
    )
    return statistics.median([step.seconds for step in taken][2:])
