"""The command line that trains by a recipe: what differs from the named one, as flags."""

import dataclasses
import shlex
from collections.abc import Sequence
from typing import Any

from groundup.recipes.recipe import Recipe

PARTS = ("data", "tokenizer", "model", "train")
DECIDED = ("vocab_size", "source_vocab_size")  # of a model, by its tokenizers


def command(words: Sequence[str], base: Recipe, wanted: Recipe) -> str:
    """`groundup train`, the words that name `base`, and the flags that make it `wanted`."""
    return shlex.join(["groundup", "train", *words, *flags(base, wanted)])


def flags(base: Recipe, wanted: Recipe) -> list[str]:
    """The settings that differ, as `groundup train` reads them. The name and what a Python file is are left out."""
    found: list[str] = []
    for part in PARTS:
        one, other = getattr(base, part), getattr(wanted, part)
        for field in dataclasses.fields(other):
            if not (part == "model" and field.name in DECIDED):
                found += _flag(f"{part}.{field.name}", getattr(one, field.name), getattr(other, field.name))
    for field in dataclasses.fields(wanted):
        if field.name not in (*PARTS, "name", "task", "code", "own", "based_on", "init_from"):
            found += _flag(field.name, getattr(base, field.name), getattr(wanted, field.name))
    for name, value in wanted.own.items():
        if base.own.get(name) != value:
            found += [f"--own.{name}", str(value)]
    return found


def _flag(name: str, was: Any, now: Any) -> list[str]:
    if was == now:
        return []
    *parts, last = name.replace("_", "-").split(".")
    if isinstance(now, bool):
        return [f"--{'.'.join([*parts, last if now else f'no-{last}'])}"]
    values = now if isinstance(now, tuple) else (now,)
    return [f"--{'.'.join([*parts, last])}", *(str(value) for value in values)]
