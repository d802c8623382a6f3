"""The command that trains a run again: its recipe, and every setting that differs from it."""

import dataclasses
import shlex
from pathlib import Path
from typing import Any

from groundup.data.catalogue import SOURCES
from groundup.recipes.recipe import Recipe
from groundup.recipes.table import RECIPES
from groundup.run.save import NO_CORPUS

BY_THEMSELVES = {"name", "task", "based_on", "code", "show", "init_from", "model.vocab_size", "model.source_vocab_size"}
"""Settings that a training finds by itself, or that change nothing that is learnt."""


def command(recipe: Recipe) -> str | None:
    """`groundup train RECIPE DATA --name ... --train.lr ...`; None of a run that no recipe of ours has trained.

    A file of the user's own is named without its folder: its place on the disk is private.
    """
    if recipe.data.corpus == NO_CORPUS or recipe.code is not None:
        return None
    base = (
        RECIPES.get(recipe.based_on or recipe.name) or RECIPES["corpus" if recipe.task == "language" else "translation"]
    )
    words = ["groundup", "train", base.name]
    was, now = _flat(dataclasses.asdict(base)), _flat(dataclasses.asdict(recipe))
    for setting in ("data.corpus", "data.other"):
        if now.get(setting) is not None and now[setting] != was.get(setting):
            words.append(corpus_name(now[setting]))
    if recipe.name != base.name:
        words += ["--name", recipe.name]
    for setting, value in now.items():
        known = setting in BY_THEMSELVES or setting in ("data.corpus", "data.other")
        if not known and value != was.get(setting):
            words += _flag(setting, value)
    return shlex.join(words)


def corpus_name(corpus: str) -> str:
    """A named corpus, or the last part of a path."""
    return corpus if corpus in SOURCES else Path(corpus).name


def _flag(setting: str, value: Any) -> list[str]:
    name = f"--{setting.replace('_', '-')}"
    if isinstance(value, bool):
        return [name if value else f"{name[: name.rfind('.') + 1] or '--'}no-{name[name.rfind('.') + 1 :]}"]
    if isinstance(value, list | tuple):
        return [name, *map(str, value)]
    return [name, str(value)]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found
