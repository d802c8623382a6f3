"""`--size auto`: look at the text, measure this machine, and choose the model and how it is trained (`plan.size`)."""

import dataclasses
from collections.abc import Collection, Iterable
from typing import Any

from groundup.flow.pairs import read_splits
from groundup.flow.text import open_shards, read_texts
from groundup.plan.pace import Pace, measure_pace
from groundup.plan.size import Material, Size, choose
from groundup.recipes.recipe import PairRecipe, Recipe, TextData
from groundup.training import launch

SIZED = ("corpus", "shakespeare-char", "translation", "fra-eng", "en-it", "multi30k")
"""The recipes that take `--size auto`. Of the others size is the subject, or their task was not measured."""


def sized(recipe: Recipe, asked: Recipe, fixed: Collection[str]) -> tuple[Recipe, list[str]]:
    """The recipe with all that the rule chooses, and three lines that say why.

    asked: the recipe with the user's settings; fixed: which of them the user gave, by dotted names.
    ValueError where it makes no sense, or where text or minutes are too few.
    """
    _refuse(asked, fixed)
    assert asked.max_minutes is not None, "the recipes that are sized have minutes"
    material = _material(asked)
    pace = measure_pace(asked)
    size = choose(asked, material, pace, asked.max_minutes, set(fixed))
    return with_settings(recipe, size.settings), _why(asked, material, pace, size)


def with_settings(recipe: Recipe, settings: dict[str, Any]) -> Recipe:
    """The recipe with settings by dotted names."""
    parts: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        part, setting = name.split(".")
        parts.setdefault(part, {})[setting] = value
    changed = {part: dataclasses.replace(getattr(recipe, part), **values) for part, values in parts.items()}
    return dataclasses.replace(recipe, **changed)


def _refuse(asked: Recipe, fixed: Collection[str]) -> None:
    if asked.train.steps is not None or "train.steps" in fixed:
        raise ValueError("--size auto plans for minutes: give --max-minutes, and leave out --train.steps")
    if asked.max_minutes is None:
        raise ValueError("--size auto plans for minutes: give --max-minutes 10")
    if launch.launched():
        raise ValueError(
            "--size auto measures one process: choose the size first (--size auto --dry-run), then give it as flags "
            "under torchrun"
        )
    if isinstance(asked.data, TextData) and open_shards(asked.data) is not None:
        raise ValueError(
            f"{asked.data.corpus} holds token shards, with a vocabulary of their own; --size auto needs the text itself"
        )
    if isinstance(asked, PairRecipe) and asked.data.memorise:
        raise ValueError(
            "--data.memorise learns by heart, for which --size auto was not measured; leave one of them out"
        )


def _material(recipe: Recipe) -> Material:
    """Read what there is to learn from."""
    if isinstance(recipe, PairRecipe):
        pairs = read_splits(recipe.data).train
        return _counted([side for pair in pairs for side in pair], len(pairs))
    return _counted(read_texts(recipe.data)[0], None)


def _counted(texts: Iterable[str], pairs: int | None) -> Material:
    texts = list(texts)
    distinct = len(set().union(*map(set, texts)))
    return Material(sum(len(text.encode()) for text in texts), sum(map(len, texts)), distinct, pairs)


def _why(recipe: Recipe, material: Material, pace: Pace, size: Size) -> list[str]:
    """Three lines in plain words."""
    said = size.settings
    what = (
        f"{material.pairs:,} pairs ({_bytes(material.bytes)})"
        if material.pairs
        else f"{_bytes(material.bytes)} of text"
    )
    script = material.bytes / material.characters
    rate = f"{pace.rate(said['model.width']) / 1e9:,.0f} GFLOP/s measured, {pace.where}"
    vocabulary = f"{said['tokenizer.vocab_size']:,} byte pairs" if said["tokenizer.kind"] == "bpe" else "characters"
    sides = "encoder and decoder of " if material.pairs else ""
    layers = f"{sides}{said['model.layers']} layers of width {said['model.width']}"
    bound = "more text, not more time, would let it grow" if size.enough else "more minutes would let it grow"
    tokens = said["data.batch_tokens"] if material.pairs else said["data.batch"] * said["model.context"]
    return [
        f"size         {what}, {script:.1f} bytes a character, and {recipe.max_minutes:g} minutes on this machine "
        f"({rate})",
        f"{'':12} -> {layers} on {vocabulary}: {size.parameters / 1e6:,.2f}M weights that read "
        f"{size.tokens / 1e6:,.1f}M tokens; {bound}",
        f"{'':12} -> the text is read about {size.readings:,.1f} times, so dropout is {said['model.dropout']:g}; "
        f"{tokens:,} tokens a step, Muon at {said['train.matrix_lr']:g} and AdamW at {said['train.lr']:g}",
    ]


def _bytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"
