"""Comparisons out of one recipe: rows of changes, as a Python file has them, or one field with several values."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from groundup.comparisons.comparison import Comparison
from groundup.nearest import nearest
from groundup.recipes.recipe import Recipe
from groundup.run.own_code import OwnCode

Changes = Mapping[str, Any]
"""Of a recipe: {"model": {"norm": "rms"}, "own": {"gate": True}, "max_minutes": None}."""


def changed(recipe: Recipe, name: str, changes: Changes) -> Recipe:
    """The recipe under another name, with the changes. ValueError offers the nearest spelling of an unknown setting."""
    _check_known(name, changes, [field.name for field in dataclasses.fields(recipe)])
    parts: dict[str, Any] = {}
    for part, change in changes.items():
        old = getattr(recipe, part)
        if not isinstance(change, Mapping):
            parts[part] = change
        elif isinstance(old, dict):
            parts[part] = {**old, **change}
        else:
            _check_known(f"{name}: {part}", change, [field.name for field in dataclasses.fields(old)])
            parts[part] = dataclasses.replace(old, **change)
    return dataclasses.replace(recipe, name=name, **parts)


def counted(recipe: Recipe, steps: int | None) -> Recipe:
    """The recipe with a budget in steps, which is the same on any machine. ValueError if none is given."""
    train = recipe.train
    if (steps := steps or train.steps) is None:
        raise ValueError(
            f"{recipe.name} ends after {recipe.max_minutes:g} minutes, and a fair budget is counted in steps; "
            "add --steps 1000"
        )
    if train.steps is None or steps < train.steps:  # then what was meant for a longer training is too long
        every = min(train.validate_every, max(1, steps // 4))
        warmup = min(train.warmup, steps // 10)
        train = dataclasses.replace(train, steps=steps, warmup=warmup, validate_every=every, save_every=steps)
    train = dataclasses.replace(train, steps=steps, keep=1)
    return dataclasses.replace(recipe, train=train, max_minutes=None)


def difference(written: Recipe, wanted: Recipe) -> str | None:
    """The first setting in which two recipes differ, as "train.lr 0.001, not 0.002"; None where they train alike."""
    for part in ("task", "data", "tokenizer", "model", "train", "max_minutes", "own", "code"):
        was, now = getattr(written, part), getattr(wanted, part)
        if was != now:
            what = part
            if dataclasses.is_dataclass(was) and type(was) is type(now):
                names = [f.name for f in dataclasses.fields(was) if getattr(was, f.name) != getattr(now, f.name)]
                was, now = getattr(was, names[0]), getattr(now, names[0])
                what = f"{part}.{names[0]}"
            return f"{what} {was}, not {now}"
    return None


def of_file(code: OwnCode, recipe: Recipe | None = None, *, steps: int | None = None) -> Comparison:
    """The COMPARISON of a Python file: one that is complete, or rows of changes to its RECIPE, {name: changes}.

    recipe: the file's own with other data. ValueError where there is none, or something else.
    """
    recipe, rows = recipe or code.recipe, code.comparison
    if isinstance(rows, Comparison):
        variants = {name: code.signed(one) for name, one in rows.variants.items()}
        return dataclasses.replace(rows, variants=variants, code=code)
    if rows is None:
        raise ValueError(
            f"{code.path} has no COMPARISON; write one, {{name: changes of RECIPE}}, or add --vary model.width 64 128"
        )
    if not isinstance(rows, Mapping) or not all(isinstance(row, Mapping) for row in rows.values()) or recipe is None:
        raise ValueError(
            f"{code.path}: COMPARISON must be a gu.Comparison, or beside a RECIPE its rows, such as "
            '{"wide": {"model": {"width": 256}}, "gated": {"own": {"gate": True}}}'
        )
    variants = {name: code.signed(counted(changed(recipe, name, row), steps)) for name, row in rows.items()}
    return _comparison(recipe.name, code.about or f"{len(rows)} rows of {code.path}", variants, code)


def of_values(recipe: Recipe, variants: dict[str, Recipe], *, field: str, code: OwnCode) -> Comparison:
    """A recipe with several values of one field, all else alike."""
    about = f"{recipe.name} with {field} {', '.join(name.split('-', 1)[1] for name in variants)}"
    return _comparison(f"{recipe.name}-{field}", about, variants, code, varied=field)


def _comparison(name: str, about: str, variants: dict[str, Recipe], code: OwnCode, **more: Any) -> Comparison:
    lr = next(iter(variants.values())).train.lr if variants else 1.0
    sample = next((one.sample for one in variants.values() if one.task == "language"), None)  # type: ignore[union-attr]
    return Comparison(
        name=name,
        about=about,
        variants=variants,
        lrs=(lr,),
        untuned=tuple(variants),
        prompt=sample or "",
        code=code,
        **more,
    )


def _check_known(where: str, changes: Changes, known: list[str]) -> None:
    for setting in changes:
        if setting not in known:
            raise ValueError(f"{where}: unknown setting {setting!r}; {nearest(setting, known)}")
