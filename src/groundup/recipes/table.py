"""The recipes by name: each a module with its `RECIPE`."""

from types import ModuleType

from groundup.nearest import nearest
from groundup.recipes import (
    corpus,
    demo,
    dialogue,
    en_it,
    fra_eng,
    gpt2_124m,
    gpt2_124m_modern,
    gpt2_tiny,
    multi30k,
    replies,
    shakespeare_char,
    translation,
)

RECIPES: dict[str, ModuleType] = {
    module.RECIPE.name: module
    for module in (
        demo,
        dialogue,
        replies,
        fra_eng,
        multi30k,
        en_it,
        translation,
        shakespeare_char,
        corpus,
        gpt2_tiny,
        gpt2_124m,
        gpt2_124m_modern,
    )
}


def find_recipe(name: str) -> ModuleType:
    """The module of the named recipe; ValueError offers the nearest name."""
    if name not in RECIPES:
        raise ValueError(f"unknown recipe {name!r}; {nearest(name, RECIPES)}")
    return RECIPES[name]
