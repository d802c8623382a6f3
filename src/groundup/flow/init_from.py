"""Fine-tuning: a recipe for text that goes on from a Hugging Face folder instead of from nothing."""

import dataclasses
from pathlib import Path

from groundup.hub.account import check_layers
from groundup.hub.files import check_weights, local_folder
from groundup.hub.folder import from_hub, read_config, tokenizer_from_hub
from groundup.recipes.recipe import Recipe, TextRecipe

FREE = ("dropout", "attention_dropout")  # the weights do not depend on them


def with_folder(recipe: Recipe, name: str) -> TextRecipe:
    """The recipe with the model and the tokenizer of the folder, or of that name on the Hub; dropout stays its own."""
    if not isinstance(recipe, TextRecipe):
        raise ValueError(f"--init-from is for language models; {recipe.name} learns from pairs")
    folder = local_folder(name)
    _, model = read_config(folder)
    check_layers(check_weights(folder), model, folder)
    if model.encoder_layers is not None:
        raise ValueError(f"{name} holds an encoder-decoder; recipe {recipe.name} needs a decoder-only model")
    model = dataclasses.replace(model, **{field: getattr(recipe.model, field) for field in FREE})
    tokenizer = dataclasses.replace(recipe.tokenizer, vocab_size=tokenizer_from_hub(name).vocab_size)
    return begun_from(dataclasses.replace(recipe, model=model, tokenizer=tokenizer), name)


def check_unchanged(asked: Recipe, recipe: TextRecipe, name: str) -> None:
    """Refuse flags that would make another model or tokenizer than the folder's."""
    for part, ours, theirs in (("model", asked.model, recipe.model), ("tokenizer", asked.tokenizer, recipe.tokenizer)):
        for field in dataclasses.fields(theirs):
            wanted, has = getattr(ours, field.name), getattr(theirs, field.name)
            if wanted != has and field.name not in FREE:
                flag = f"--{part}.{field.name.replace('_', '-')}"
                raise ValueError(f"{flag} ({wanted}) contradicts {name}, where it is {has}; leave it out")


def begun_from(recipe: TextRecipe, name: str | Path) -> TextRecipe:
    """The recipe with a note of where its weights come from: a folder that a resumed run finds again."""
    return dataclasses.replace(recipe, init_from=str(local_folder(name).resolve()))


def first_weights(recipe: Recipe) -> dict | None:
    """The weights that the run begins from; None if it begins from nothing."""
    if not isinstance(recipe, TextRecipe) or recipe.init_from is None:
        return None
    return from_hub(Path(recipe.init_from)).state_dict()
