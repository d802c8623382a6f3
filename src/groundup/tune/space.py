"""What is searched: a small table, with values near those of the recipe. No torch here."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from groundup.config import ModelConfig
from groundup.recipes.recipe import PairRecipe, Recipe

Settings = Mapping[str, float]
"""A value for each axis: {"rate": 0.004, "width": 192, "layers": 4, ...}."""


class Axis(NamedTuple):
    """One thing that is varied."""

    values: Callable[[Recipe], list[float]]
    """The values to try. Those of the rate are shares of the one that the range test will choose."""
    change: Callable[[Recipe, Any], Recipe]
    """The recipe with one of them."""


RATES = (0.25, 0.5, 1.0, 2.0)  # times the rate of the range test
SIZES = (0.5, 0.75, 1.0, 1.5)  # times the recipe's width
DEPTHS = (0.5, 1.0, 1.5)
DROPOUTS = (0.0, 0.1, 0.2)
BATCHES = (0.5, 1.0, 2.0)
VOCABULARIES = (0.5, 1.0, 2.0)
SMALLEST = 300  # tokens: the 256 bytes, and a few merges


def of_recipe(recipe: Recipe, *, own_model: bool = False, trained: bool = True) -> dict[str, Axis]:
    """The axes of a recipe. own_model: whether a Python file makes the model, which may not have every shape.

    trained: whether the tokenizer is trained, and not given with the data.
    """
    axes = {"rate": Axis(lambda recipe: list(RATES), with_rate)}
    if not own_model:
        axes |= {"width": Axis(_widths, with_width), "layers": Axis(_depths, with_layers)}
    axes |= {"dropout": Axis(_dropouts, _with_dropout), "batch": Axis(_batches, _with_batch)}
    if trained and recipe.tokenizer.kind == "bpe":
        axes["vocabulary"] = Axis(_vocabularies, _with_vocabulary)
    return axes


def choices(recipe: Recipe, axes: Mapping[str, Axis]) -> dict[str, list[float]]:
    """The values of every axis, rising."""
    return {name: sorted(set(axis.values(recipe))) for name, axis in axes.items()}


def own(recipe: Recipe, axes: Mapping[str, Axis]) -> dict[str, float]:
    """The recipe's own settings."""
    values = {
        "rate": recipe.train.lr,
        "width": recipe.model.width,
        "layers": recipe.model.layers,
        "dropout": recipe.model.dropout,
        "batch": _batch(recipe),
        "vocabulary": recipe.tokenizer.vocab_size,
    }
    return {name: values[name] for name in axes}


def with_settings(recipe: Recipe, axes: Mapping[str, Axis], settings: Settings) -> Recipe:
    """The recipe with these settings. ValueError where they make no model."""
    for name, value in settings.items():
        recipe = axes[name].change(recipe, value)
    return recipe


def rounded(rate: float) -> float:
    """To two digits, as a person would write it."""
    return float(f"{rate:.2g}")


def with_rate(recipe: Recipe, rate: float) -> Recipe:
    """Muon's own rate keeps its ratio to the other one."""
    train = recipe.train
    if rate == train.lr:
        return recipe
    matrix = float(f"{train.matrix_lr * rate / train.lr:.3g}") if train.optimizer == "muon" else train.matrix_lr
    return dataclasses.replace(recipe, train=dataclasses.replace(train, lr=rate, matrix_lr=matrix))


def with_width(recipe: Recipe, width: int) -> Recipe:
    """Heads stay as wide as they are, so that they become more or fewer; the feed-forward layer keeps its ratio."""
    model = recipe.model
    heads = width // model.head_width
    ratio = model.heads // model.groups
    groups = None if model.kv_heads is None else heads // ratio if heads % ratio == 0 else heads
    hidden = None if model.mlp_width is None else max(8, round(model.mlp_width * width / model.width / 8) * 8)
    if width == model.width:
        return recipe
    return _with_model(recipe, width=width, heads=heads, kv_heads=groups, mlp_width=hidden)


def with_layers(recipe: Recipe, layers: int) -> Recipe:
    """An encoder becomes deeper, or less deep, by the same share."""
    encoder = recipe.model.encoder_layers
    if layers == recipe.model.layers:
        return recipe
    scaled = None if encoder is None else max(1, round(encoder * layers / recipe.model.layers))
    return _with_model(recipe, layers=layers, encoder_layers=scaled)


def _with_dropout(recipe: Recipe, dropout: float) -> Recipe:
    return _with_model(recipe, dropout=dropout)


def _with_batch(recipe: Recipe, batch: int) -> Recipe:
    if recipe.train.batch_tokens is not None:
        return dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, batch_tokens=batch))
    name = "batch_tokens" if isinstance(recipe, PairRecipe) else "batch"
    return dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, **{name: batch}))


def _with_vocabulary(recipe: Recipe, size: int) -> Recipe:
    return dataclasses.replace(recipe, tokenizer=dataclasses.replace(recipe.tokenizer, vocab_size=size))


def _with_model(recipe: Recipe, **changes: Any) -> Recipe:
    return dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, **changes))


def _widths(recipe: Recipe) -> list[float]:
    model: ModelConfig = recipe.model
    heads = {max(1, round(model.heads * factor)) for factor in SIZES} | {model.heads}
    return [count * model.head_width for count in heads]


def _depths(recipe: Recipe) -> list[float]:
    return [max(1, round(recipe.model.layers * factor)) for factor in DEPTHS]


def _dropouts(recipe: Recipe) -> list[float]:
    return [*DROPOUTS, recipe.model.dropout]


def _batches(recipe: Recipe) -> list[float]:
    if recipe.train.batch_tokens is not None:  # whole windows
        T = recipe.model.context
        return [max(T, round(_batch(recipe) * factor / T) * T) for factor in BATCHES]
    least = 2 * recipe.data.max_length if isinstance(recipe, PairRecipe) else 1
    return [max(least, round(_batch(recipe) * factor)) for factor in BATCHES]


def _vocabularies(recipe: Recipe) -> list[float]:
    return [max(SMALLEST, round(recipe.tokenizer.vocab_size * factor)) for factor in VOCABULARIES]


def _batch(recipe: Recipe) -> int:
    if recipe.train.batch_tokens is not None:
        return recipe.train.batch_tokens
    return recipe.data.batch_tokens if isinstance(recipe, PairRecipe) else recipe.data.batch
