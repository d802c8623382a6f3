"""The recipes by name: each is the `RECIPE` of a module, whose docstring describes it."""

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
from groundup.recipes.recipe import Recipe

_MODULES: dict[str, ModuleType] = {
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
RECIPES: dict[str, Recipe] = {name: module.RECIPE for name, module in _MODULES.items()}


def find_recipe(name: str) -> Recipe:
    """Return the named recipe. Raises ValueError with the nearest name."""
    if name not in RECIPES:
        raise ValueError(f"unknown recipe {name!r}; {nearest(name, RECIPES)}")
    return RECIPES[name]


def about(name: str) -> str:
    """Return one line about the named recipe."""
    return (_MODULES[name].__doc__ or "").strip().splitlines()[0]
