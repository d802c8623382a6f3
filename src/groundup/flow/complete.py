"""Complete a recipe: other data, another architecture, and the vocabulary that its tokenizer turned out to have."""

import dataclasses

from groundup.data.catalogue import PUBLISHED
from groundup.presets import preset
from groundup.recipes.recipe import PairRecipe, Recipe, TextRecipe
from groundup.text.tokenizer import Tokenizer


def with_data(recipe: Recipe, paths: list[str]) -> Recipe:
    """The recipe on a corpus, or on two line-aligned files.

    Published corpora bring the sizes of their parts; of any other but the recipe's own a tenth is held out at most.
    """
    if not paths:
        return recipe
    if isinstance(recipe, TextRecipe):
        if len(paths) > 1:
            raise ValueError(f"{recipe.name} learns from one file or folder, not also {paths[1]!r}")
        return dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, corpus=paths[0]))
    own = (recipe.data.valid, recipe.data.test) if paths[0] == recipe.data.corpus else (None, None)
    valid, test = PUBLISHED.get(paths[0], own)
    other = paths[1] if len(paths) > 1 else None
    data = dataclasses.replace(recipe.data, corpus=paths[0], other=other, valid=valid, test=test)
    return dataclasses.replace(recipe, data=data)


def with_preset(recipe: Recipe, name: str) -> Recipe:
    """The recipe with the named architecture, its context no longer than the recipe's."""
    chosen = preset(name, dropout=recipe.model.dropout)
    chosen = dataclasses.replace(
        chosen, vocab_size=recipe.model.vocab_size, context=min(chosen.context, recipe.model.context)
    )
    return dataclasses.replace(recipe, model=chosen)


def with_vocabulary(recipe: Recipe, target: int, *, source: int | None = None) -> Recipe:
    """The recipe with a model for so many tokens; source: as many of the source side, where that has its own.

    The rows of a language model are rounded up to a multiple of `tokenizer.pad`.
    """
    if isinstance(recipe, PairRecipe):
        tied = "head" if source and recipe.model.tied == "all" else recipe.model.tied
        model = dataclasses.replace(recipe.model, vocab_size=target, source_vocab_size=source, tied=tied)
    else:
        rows = -(-target // recipe.tokenizer.pad) * recipe.tokenizer.pad
        model = dataclasses.replace(recipe.model, vocab_size=rows)
    return dataclasses.replace(recipe, model=model)


def completed(recipe: Recipe, source: Tokenizer, target: Tokenizer) -> Recipe:
    """The recipe with a model for these tokenizers, which may be the same one."""
    return with_vocabulary(recipe, target.vocab_size, source=None if source is target else source.vocab_size)


def planned(recipe: Recipe) -> Recipe:
    """The recipe with the vocabulary its tokenizer is asked for; only the text can say how many characters it has."""
    if recipe.tokenizer.kind == "characters":
        return recipe
    V = recipe.tokenizer.vocab_size
    return with_vocabulary(recipe, V, source=None if recipe.tokenizer.shared else V)
