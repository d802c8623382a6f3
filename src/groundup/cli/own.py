"""--own.NAME VALUE: settings that a recipe's Python file has invented, each of the type of its default."""

import json
from typing import Any

from groundup.nearest import nearest
from groundup.recipes.recipe import Own

FLAG = "--own."


def take_own(arguments: list[str], own: Own) -> tuple[Own, list[str]]:
    """The settings with what the arguments change, and the other arguments. ValueError for unknown names and types."""
    own, rest, words = dict(own), [], iter(arguments)
    for word in words:
        if not word.startswith(FLAG):
            rest.append(word)
            continue
        name, sign, value = word.removeprefix(FLAG).partition("=")
        name = name if name in own else name.replace("-", "_")
        if name not in own:
            known = "the recipe's own settings are {known}" if own else "the recipe has no settings of its own"
            raise ValueError(f"unknown option {FLAG}{name}; {nearest(name, own, otherwise=known)}")
        if not sign and (value := next(words, None)) is None:
            raise ValueError(f"{FLAG}{name} needs a value")
        own[name] = _as(own[name], value, name)
    return own, rest


def _as(default: Any, value: str, name: str) -> Any:
    """The value as the default's type; where that is text or absent, None is absent."""
    if default is None or isinstance(default, str):
        return None if value == "None" else value
    try:
        said = json.loads(value.lower() if isinstance(default, bool) else value)
    except ValueError:
        said = value
    kinds = (int, float) if isinstance(default, float) else (type(default),)
    if isinstance(said, bool) != isinstance(default, bool) or not isinstance(said, kinds):
        kind = {bool: "True or False", int: "a whole number", float: "a number"}[type(default)]
        raise ValueError(f"{FLAG}{name} takes {kind}, not {value!r}")
    return type(default)(said)
