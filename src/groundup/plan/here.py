"""Plan for this machine: measure its speed in half a second, and check whether a recipe fits its memory."""

import dataclasses
import time

import torch

from groundup.machine import installed
from groundup.plan.memory import Memory, memory
from groundup.plan.work import recipe_work
from groundup.recipes.recipe import PairRecipe, Recipe, TextData, TextRecipe
from groundup.training import launch
from groundup.training.devices import Device
from groundup.training.flops import measure_products
from groundup.training.micro import micro_batch
from groundup.training.precision import choose_device, choose_precision

LINK, NETWORK = 2e9, 0.1e9  # bytes a second: between processes of one machine (gloo), and over a gigabit network


def this_cpu(precision: str = "auto") -> tuple[Device, bool]:
    """Measure this processor, as a device with all of the machine's memory. Also returns whether it uses bfloat16."""
    dtype = choose_precision("cpu", precision).dtype
    peak = measure_products("cpu", dtype)
    return Device("cpu", frozenset(), peak, installed(), _bandwidth(), LINK, NETWORK), dtype == torch.bfloat16


def needs(recipe: Recipe) -> Memory:
    """Return the memory of one process of this training here. Raises ValueError as `of_each`, or if a model is huge."""
    train, ranks = recipe.train, launch.size()
    if isinstance(recipe, TextRecipe):
        recipe = dataclasses.replace(recipe, data=of_each(recipe, ranks))
    try:
        work = recipe_work(dataclasses.replace(recipe, train=dataclasses.replace(train, batch_tokens=None)))
    except RuntimeError as error:  # the number of bytes does not fit 64 bits
        raise ValueError(f"there is not enough memory for such a model; take a smaller one ({error})") from None
    assert work.windows is not None, "a recipe says how many"
    tokens, device = work.windows * work.config.context, choose_device(train.device)
    held = memory(
        work,
        tokens=tokens,
        accumulates=train.accumulate > 1 or (train.batch_tokens or 0) > tokens * ranks,
        ranks=ranks,
        parallel="none" if ranks == 1 else "fsdp" if train.parallel == "fsdp" else "ddp",
        recompute=train.recompute,
        half=choose_precision(device, train.precision).dtype == torch.bfloat16,
    )
    return held.on_cpu(work.config) if device.type == "cpu" else held


def of_each(recipe: TextRecipe, ranks: int) -> TextData:
    """Return the data settings of each rank: batches so small that all ranks together make up `train.batch_tokens`.

    Raises ValueError if that is not possible.
    """
    if recipe.train.batch_tokens is None:
        return recipe.data
    batch = micro_batch(recipe.train.batch_tokens, context=recipe.model.context, ranks=ranks, most=recipe.data.batch)
    return dataclasses.replace(recipe.data, batch=batch)


def too_much(recipe: Recipe) -> str | None:
    """Return a message with both numbers and the cure if a training needs more memory than there is, else None."""
    need, room = needs(recipe).total, installed(choose_device(recipe.train.device))
    if need <= room:
        return None
    return f"this training needs about {need / 1e9:,.1f} GB and there are {room / 1e9:,.1f} GB; {_cure(recipe, room)}"


def refuse_too_much(recipe: Recipe) -> None:
    """Raise ValueError if it needs `too_much`, because a system without memory kills processes without a message."""
    if (message := too_much(recipe)) is not None:
        raise ValueError(message)


def _cure(recipe: Recipe, room: int) -> str:
    """Return a cure: the largest batch that fits, found by halving, or something else to try."""
    name = "batch_tokens" if isinstance(recipe, PairRecipe) else "batch"
    least = 2 * recipe.data.max_length if isinstance(recipe, PairRecipe) else 1
    size = getattr(recipe.data, name)
    while (size := size // 2) >= least:
        smaller = dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, **{name: size}))
        if needs(smaller).total <= room:
            return f"try --data.{name.replace('_', '-')} {size}"
    return "take a smaller model or a shorter context"


def _bandwidth() -> float:
    """Return the bytes a second that a copy in memory reads and writes, the best of several tries."""
    source = torch.ones(2**24)  # 64 MiB, more than most caches hold
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(6):
        began = time.perf_counter()
        target.copy_(source)
        best = min(best, time.perf_counter() - began)
    return 2 * source.nbytes / best
