"""What a training refuses before it begins: settings that would be ignored, or fail after the tokenizer or the end."""

from pathlib import Path

from groundup.data.catalogue import PUBLISHED, SOURCES
from groundup.recipes.recipe import PairData, PairRecipe, Recipe


def check(recipe: Recipe, default: Recipe) -> None:
    """ValueError for what cannot be, and for a setting that is not the default's and would be ignored."""
    if not recipe.name or Path(recipe.name).name != recipe.name or recipe.name.startswith("."):
        raise ValueError(f"the name of a run ({recipe.name!r}) must be that of one folder; try --name my-run")
    if not recipe.data.corpus:
        raise ValueError(
            "this recipe is for data of yours, and none is named; try: groundup train translation pairs.tsv "
            "(a source, a tab and its target on every line), or a corpus such as fra-eng"
        )
    if recipe.model.vocab_size != default.model.vocab_size:
        raise ValueError("the tokenizer decides the model's vocabulary; set --tokenizer.vocab-size instead")
    encoder = recipe.model.encoder_layers is not None
    if encoder != isinstance(recipe, PairRecipe):
        need = "an encoder-decoder; set --model.encoder-layers" if not encoder else "a decoder-only model"
        raise ValueError(f"recipe {recipe.name} needs {need}")
    if recipe.train.steps is None and recipe.max_minutes is None:
        raise ValueError("a training needs an end; set --train.steps or --max-minutes")
    if recipe.max_minutes is not None and not 0 < recipe.max_minutes < float("inf"):
        raise ValueError(f"max_minutes ({recipe.max_minutes:g}) must be a number above 0; try --max-minutes 5")
    _check_tokenizer(recipe, default)
    if isinstance(recipe.data, PairData) and isinstance(default.data, PairData):
        _check_held_out(recipe.data, default.data)


def _check_tokenizer(recipe: Recipe, default: Recipe) -> None:
    if _is_shards(recipe.data.corpus):
        for name in ("kind", "vocab_size", "pattern"):
            if (wanted := getattr(recipe.tokenizer, name)) != getattr(default.tokenizer, name):
                raise ValueError(
                    f"--tokenizer.{name.replace('_', '-')} ({wanted}): {recipe.data.corpus} holds token shards, and "
                    "their tokenizer is the one that made them; leave it out, or name the text itself"
                )
    kind = recipe.tokenizer.kind
    ignored = {
        "vocab_size": "characters are as many as the text has" if kind == "characters" else None,
        "pattern": f"it says where merges end, and {kind} have none" if kind != "bpe" else None,
    }
    for name, why in ignored.items():
        if why is not None and (wanted := getattr(recipe.tokenizer, name)) != getattr(default.tokenizer, name):
            flag = f"--tokenizer.{name.replace('_', '-')}"
            raise ValueError(f"{flag} ({wanted}): {why}; leave it out, or add --tokenizer.kind bpe")


def _is_shards(corpus: str) -> bool:
    from groundup.data.shards import is_shard_folder  # numpy comes with it

    return corpus not in SOURCES and is_shard_folder(corpus)


def _check_held_out(data: PairData, default: PairData) -> None:
    published = PUBLISHED.get(data.corpus)
    for name, pairs in zip(("valid", "test"), published or (None, None), strict=True):
        wanted = getattr(data, name)
        if wanted in (getattr(default, name), pairs):
            continue
        if data.memorise:
            raise ValueError(f"--data.memorise holds nothing out; leave it or --data.{name} ({wanted:,}) out")
        if published is not None:
            valid, test = published
            raise ValueError(
                f"{data.corpus} has published parts ({valid:,} and {test:,} pairs); leave --data.{name} out"
            )
