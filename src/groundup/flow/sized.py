"""`--size auto`: look at the text, measure this machine, and choose the model and how it is trained (`plan.size`)."""

import dataclasses
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from groundup.flow.pairs import read_splits
from groundup.flow.text import open_shards, read_texts
from groundup.plan.pace import Pace, measure_pace
from groundup.plan.size import Material, Size, choose
from groundup.recipes.recipe import PairRecipe, Recipe, TextData
from groundup.training import launch

SIZED = ("corpus", "shakespeare-char", "translation", "fra-eng", "en-it", "multi30k")
"""The recipes that take `--size auto`. Of the others size is the subject, or their task was not measured."""


@dataclass(frozen=True)
class Reasons:
    """Why a size was chosen."""

    material: Material
    pace: Pace
    size: Size

    def lines(self, recipe: Recipe) -> list[str]:
        """Three lines about the recipe that is trained, in which the user may have changed more."""
        material, size, model, train = self.material, self.size, recipe.model, recipe.train
        what = f"{material.pairs:,} pairs ({_bytes(material.bytes)})" if material.pairs else _bytes(material.bytes)
        script = f"{material.bytes / material.characters:.1f} bytes a character"
        rate = f"{self.pace.rate(model.width) / 1e9:,.0f} GFLOP/s measured, {self.pace.where}"
        sides = "" if model.encoder_layers is None else f"{model.encoder_layers} + "
        kind, vocabulary = recipe.tokenizer.kind, recipe.tokenizer.vocab_size
        read = kind if kind == "characters" else f"{vocabulary:,} {'byte pairs' if kind == 'bpe' else kind}"
        bound = "text" if size.enough else "time"
        ends = f"; it ends after {train.steps:,} steps" if train.steps else ""
        pairs = isinstance(recipe, PairRecipe)
        batch = recipe.data.batch_tokens if pairs else recipe.data.batch * model.context
        muon = f"Muon at {train.matrix_lr:g} and " if train.optimizer == "muon" else ""
        time = "1 minute" if recipe.max_minutes == 1 else f"{recipe.max_minutes:g} minutes"
        return [
            f"size         {what} of text, {script}, and {time} on this machine ({rate})",
            f"{'':12} -> {sides}{model.layers} layers of width {model.width} on {read}: {size.parameters / 1e6:,.2f}M "
            f"weights that read {size.tokens / 1e6:,.1f}M tokens; more {bound} would let it grow",
            f"{'':12} -> the text is read about {size.readings:,.1f} times{ends}: dropout {model.dropout:g}; "
            f"{batch:,} tokens a step, {muon}AdamW at {train.lr:g}",
        ]


def sized(recipe: Recipe, asked: Recipe, fixed: Collection[str]) -> tuple[Recipe, Reasons]:
    """The recipe with all that the rule chooses, and why.

    asked: the recipe with the user's settings; fixed: which of them the user gave, by dotted names.
    ValueError where it makes no sense, or where text or minutes are too few.
    """
    _refuse(asked, fixed)
    assert asked.max_minutes is not None, "the recipes that are sized have minutes"
    material = _material(asked)
    pace = measure_pace(asked)
    size = choose(asked, material, pace, asked.max_minutes, set(fixed))
    return with_settings(recipe, size.settings), Reasons(material, pace, size)


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
        return counted([side for pair in pairs for side in pair], len(pairs))
    return counted(read_texts(recipe.data)[0], None)


def counted(texts: Iterable[str], pairs: int | None) -> Material:
    """The material of texts, or of the sides of so many pairs."""
    texts = list(texts)
    distinct = len(set().union(*map(set, texts)))
    return Material(sum(len(text.encode()) for text in texts), sum(map(len, texts)), distinct, pairs)


def _bytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"
