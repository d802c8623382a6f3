"""--vary FIELD VALUE VALUE ...: a recipe with each of the values, read as the recipe's own flags are read."""

import dataclasses
import re
from collections.abc import Sequence
from operator import attrgetter

from groundup.cli.own import take_own
from groundup.cli.parse import parse
from groundup.comparisons.changes import counted
from groundup.flow.check import check
from groundup.nearest import nearest
from groundup.recipes.recipe import Recipe

NOT_VARIED = {
    "train.seed": "leave it out: every value is trained with several seeds (--seeds 0 1 2)",
    "max_minutes": "a fair budget is counted in steps; take train.steps",
    "name": "it is only a name",
}


def varied(recipe: Recipe, vary: Sequence[str]) -> tuple[str, dict[str, Recipe]]:
    """The dotted name of the field, and the recipe with each value, by names such as width-64.

    ValueError, with the nearest spelling, for a field that the recipe does not have, and as the flag would say it.
    """
    field, values = vary[0].lstrip("-").replace("-", "_"), vary[1:]
    known = _fields(recipe)
    if field not in known:
        raise ValueError(f"--vary: unknown field {vary[0]!r}; {nearest(field, known, otherwise='such as model.width')}")
    if field in NOT_VARIED:
        raise ValueError(f"--vary {field}: {NOT_VARIED[field]}")
    found: dict[str, Recipe] = {}
    for value in values:
        name = f"{field.rsplit('.', 1)[-1]}-{re.sub(r'[^A-Za-z0-9.+-]+', '_', value)}"
        one = _with(recipe, field, value)
        check(one, recipe)
        if name in found or one in found.values():
            raise ValueError(f"--vary {field}: {value} is there twice; leave one of them out")
        found[name] = one
    return field, found


def _fields(recipe: Recipe) -> list[str]:
    """Every setting by its dotted name."""
    names = [f"own.{name}" for name in recipe.own]
    for field in dataclasses.fields(recipe):
        value = getattr(recipe, field.name)
        if dataclasses.is_dataclass(value):
            names += [f"{field.name}.{inner.name}" for inner in dataclasses.fields(value)]
        elif field.name not in ("own", "code", "based_on", "task"):
            names.append(field.name)
    return names


def _with(recipe: Recipe, field: str, value: str) -> Recipe:
    if field.startswith("own."):
        own, _ = take_own([f"--{field}", value], recipe.own)
        return dataclasses.replace(recipe, own=own)
    if field == "train.steps":  # fewer steps than the warm-up has need a shorter one
        bare = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, warmup=0))
        asked = parse(type(recipe), ["--train.steps", value], prog="groundup compare", default=bare)
        return counted(recipe, asked.train.steps)
    now, flag = attrgetter(field)(recipe), f"--{field.replace('_', '-')}"
    words = [flag, *(value.split(",") if isinstance(now, tuple) else [value])]
    if isinstance(now, bool):
        if value.lower() not in ("true", "false"):
            raise ValueError(f"{flag} takes True or False, not {value!r}")
        words = [flag if value.lower() == "true" else re.sub(r"([^.]+)$", r"no-\1", flag)]
    return parse(type(recipe), words, prog="groundup compare", default=recipe)
