"""Refuse settings before a training begins that would be ignored, or would fail later."""

from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from groundup.data.catalogue import PUBLISHED, SOURCES
from groundup.recipes.recipe import PairData, PairRecipe, Recipe, TextRecipe
from groundup.run.folder import NO_CORPUS
from groundup.training import launch
from groundup.training.settings import ParallelName

if TYPE_CHECKING:
    from groundup.data.shards import Shards

Ignored = Iterator[tuple[str, str, str]]
"""A setting that has no effect, why, and what would give it one."""


def check(recipe: Recipe, default: Recipe) -> None:
    """Raise ValueError for what is impossible, and for a changed setting that would be ignored."""
    if not recipe.name or Path(recipe.name).name != recipe.name or recipe.name.startswith("."):
        raise ValueError(f"the name of a run ({recipe.name!r}) must be that of one folder; try --name my-run")
    if not recipe.data.corpus:
        raise ValueError(
            "this recipe is for data of yours, and none is named; try: groundup train translation pairs.tsv "
            "(a source, a tab and its target on every line), or a corpus such as fra-eng"
        )
    if recipe.data.corpus == NO_CORPUS:
        raise ValueError("this recipe was saved from Python, and its data is not known; name it behind the recipe")
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
    for setting, why, cure in _ignored(recipe):
        wanted = attrgetter(setting)(recipe)
        if wanted != attrgetter(setting)(default):
            raise ValueError(f"{_given(setting, wanted)}: {why}; leave it out, or {cure}")
    if isinstance(recipe.data, PairData) and isinstance(default.data, PairData):
        _check_held_out(recipe.data, default.data)
    _check_batch_tokens(recipe)


def _given(setting: str, value: object) -> str:
    """How a person gave the setting: a switch by its name, anything else with its value."""
    part, name = setting.replace("_", "-").split(".")
    if isinstance(value, bool):
        return f"--{part}.{name}" if value else f"--{part}.no-{name}"
    return f"--{part}.{name} ({value})"


def _ignored(recipe: Recipe) -> Ignored:
    train, model = recipe.train, recipe.model
    if train.schedule != "wsd":
        yield "train.decay", f"only wsd comes down so, not {train.schedule}", "add --train.schedule wsd"
    if train.schedule not in ("cosine", "wsd"):
        yield "train.floor", f"only cosine and wsd end there, not {train.schedule}", "add --train.schedule cosine"
    if train.optimizer != "muon":
        yield "train.matrix_lr", f"only muon has it, not {train.optimizer}", "add --train.optimizer muon"
    if model.position != "rotary":
        yield "model.rope_theta", f"only rotary positions turn, not {model.position}", "add --model.position rotary"
    yield from _ignored_of_pairs(recipe) if isinstance(recipe, PairRecipe) else _ignored_of_text(recipe)
    kind, cure = recipe.tokenizer.kind, "add --tokenizer.kind bpe"
    if kind == "characters":
        yield "tokenizer.vocab_size", "characters are as many as the text has", cure
    if kind != "bpe":
        yield "tokenizer.pattern", f"it says where merges end, and {kind} have none", cure


def _ignored_of_text(recipe: TextRecipe) -> Ignored:
    cure = "learn from pairs: groundup train translation pairs.tsv"
    yield "tokenizer.shared", "a running text has one side, and one vocabulary", cure
    if (shards := _shards(recipe.data.corpus)) is not None:
        why, cure = f"{shards.folder} holds token shards", "name the text itself"
        for name in ("kind", "vocab_size", "pattern"):
            yield f"tokenizer.{name}", f"{why}, and their tokenizer is the one that made them", cure
        if any(shard.part == "valid" for shard in shards.shards):
            yield "data.valid", f"{why}, some of them made for validation", "set --data.valid-tokens"
    elif recipe.tokenizer.kind == "characters":
        why = "texts are separated by an end-of-text token, which vocabularies of characters do not have"
        yield "data.document_mask", why, "add --tokenizer.kind bpe"


def _ignored_of_pairs(recipe: PairRecipe) -> Ignored:
    data, context = recipe.data, recipe.model.context
    yield "model.source_vocab_size", "the tokenizers decide it", "set --tokenizer.vocab-size instead"
    if data.max_length > context:
        cure = f"add --model.context {data.max_length}"
        yield "data.max_length", f"the model has a context of {context} (model.context)", cure
    if data.memorise:
        yield "data.split_seed", "--data.memorise holds nothing out", "add --data.no-memorise"
        yield "data.phrasebook", "--data.memorise takes all there is", "add --data.no-memorise"
    if data.corpus in PUBLISHED:
        valid, test = PUBLISHED[data.corpus]
        why = f"{data.corpus} has published parts ({valid:,} and {test:,} pairs)"
        yield "data.split_seed", why, "name another corpus"
    if data.corpus not in SOURCES or SOURCES[data.corpus].files:
        yield "data.phrasebook", f"{data.corpus} is used whole", "name phrasebook-fr or phrasebook-it"


def _shards(corpus: str) -> "Shards | None":
    from groundup.data.shards import Shards, is_shard_folder  # numpy comes with it

    return Shards.open(corpus) if corpus not in SOURCES and is_shard_folder(corpus) else None


def _check_held_out(data: PairData, default: PairData) -> None:
    published = PUBLISHED.get(data.corpus)
    for name, pairs in zip(("valid", "test"), published or (None, None), strict=True):
        wanted = getattr(data, name)
        if wanted in (getattr(default, name), pairs):
            continue
        if data.memorise:
            said = "None" if wanted is None else f"{wanted:,}"
            raise ValueError(f"--data.memorise holds nothing out; leave it or --data.{name} ({said}) out")
        if published is not None:
            valid, test = published
            raise ValueError(
                f"{data.corpus} has published parts ({valid:,} and {test:,} pairs); leave --data.{name} out"
            )


def _check_batch_tokens(recipe: Recipe) -> None:
    """Refuse `train.batch_tokens` for pairs: their batches differ in size, so they make up no exact number."""
    wanted = recipe.train.batch_tokens
    if isinstance(recipe, PairRecipe) and wanted is not None:
        each = recipe.data.batch_tokens
        raise ValueError(
            f"--train.batch-tokens ({wanted:,}): batches of pairs have up to {each:,} tokens (data.batch_tokens), "
            f"never exactly that many; give --train.accumulate {max(1, round(wanted / each))} instead"
        )


def check_machine(recipe: Recipe, parallel: ParallelName) -> None:
    """Raise ValueError for a device that this machine lacks, or processes that were not started."""
    launch.chosen(parallel)
    if recipe.train.device != "auto":
        from groundup.training.precision import choose_device  # torch comes with it

        choose_device(recipe.train.device)
