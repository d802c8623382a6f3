"""From running text to a judged language model: the flow that every `TextRecipe` runs through."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from groundup.data.load import load_texts
from groundup.data.split import split_text, split_texts
from groundup.data.stream import Windows
from groundup.hub.folder import tokenizer_from_hub
from groundup.measure.perplexity import Perplexity
from groundup.models.causal_lm import CausalLM
from groundup.plan.here import refuse_too_much
from groundup.recipes.bar import watched
from groundup.recipes.held_out import check_held_out, keep_held_out
from groundup.recipes.init_from import begun_from, first_weights
from groundup.recipes.naming import naming
from groundup.recipes.order import keep_order
from groundup.recipes.recipe import TextData, TextRecipe, save_recipe
from groundup.recipes.report import describe_model, describe_tokenizer, training_record
from groundup.recipes.text_parts import TextParts, document_end, of_each, open_shards, shard_parts, text_size
from groundup.run.folder import RunFolder
from groundup.run.results import Result, save_results
from groundup.run.text import END, TextRun
from groundup.text.tokenizer import Tokenizer
from groundup.training import launch
from groundup.training.checkpoint import saved_steps
from groundup.training.fit import fit
from groundup.training.loop import validate
from groundup.training.precision import choose_precision
from groundup.training.skeleton import place_of_birth

Watch = Callable[[TextRun, int, Callable[[str], None]], dict[str, float]]
CONVENTION = "every token but the first, non-overlapping windows of {context} tokens over the whole text"


def train_text(
    recipe: TextRecipe,
    folder: RunFolder,
    *,
    resume: bool = False,
    init_from: str | Path | None = None,
    say: Callable[[str], None] = print,
    watch: Watch | None = None,
) -> TextRun:
    """Train by the recipe into the folder, judge on the held-out text, write `results.json` and samples.

    watch looks at the run at every validation, and returns figures for metrics.jsonl (see `recipes.gpt2_124m`).
    init_from: a Hugging Face folder to go on from, with its tokenizer and the model that the recipe names.
    """
    began = time.perf_counter()
    tokenizer = folder.tokenizers()[1] if resume else None
    if init_from is not None:
        recipe, tokenizer = begun_from(recipe, init_from), tokenizer_from_hub(init_from)
    data = of_each(recipe, launch.size())  # before anything is read, if it cannot be
    parts = read_parts(recipe, tokenizer, say=say)
    tokenizer = parts.tokenizer
    if not resume:
        if init_from is None:
            recipe = with_vocabulary(recipe, tokenizer)
        folder.path.mkdir(parents=True, exist_ok=True)
        save_recipe(recipe, folder.recipe_file)
        folder.save_tokenizers(tokenizer, tokenizer)
    keep_held_out(folder, {"validation": parts.valid}, resume=resume)
    stream, here = parts.stream(recipe), dataclasses.replace(recipe, data=data)
    refuse_too_much(recipe)
    torch.manual_seed(recipe.train.seed)
    with place_of_birth(recipe.train.parallel) as born:
        model = CausalLM(recipe.model)
    begins = born.type != "meta" and not saved_steps(folder.checkpoints)
    if begins and (weights := first_weights(recipe)) is not None:
        model.load_state_dict(weights)
    say(describe_model(model, recipe.model))
    say(f"batches      {len(stream):,} an epoch, of {recipe.data.batch} windows of {recipe.model.context} tokens")
    say(describe_share(recipe, data.batch))
    keep_order(folder, stream, resume=resume, say=say)  # of the recipe's batches, whatever ranks make of them
    fitted = fit(
        model,
        parts.stream(here),
        folder=folder.path,
        settings=recipe.train,
        valid=parts.held_out(here),
        max_minutes=recipe.max_minutes,
        resume=resume,
        watch=watch and (lambda step, note: watch(TextRun(folder, recipe, model, tokenizer), step, note)),
    )
    run = TextRun(folder, recipe, model.eval(), tokenizer)
    results = score_ids(run, parts.valid, split="validation")
    for result in results:
        say(f"held out     {result}")
    save_results(folder.results_file, results, training=training_record(fitted, model, began))
    return run


def read_parts(recipe: TextRecipe, tokenizer: Tokenizer | None = None, *, say: Callable[[str], None]) -> TextParts:
    """The tokens to learn from and to be judged by; tokenizer: the one a training has already, else it is made here."""
    shards = open_shards(recipe.data)
    if shards is not None:
        parts = shard_parts(shards, recipe.data, tokenizer)
        counts = sum(map(len, parts.train)), len(parts.valid)
        say(f"shards       {recipe.data.corpus}: {counts[0]:,} tokens to learn from, {counts[1]:,} held out")
        rank, ranks = launch.rank(), launch.size()
        shards.check(rank=rank, ranks=ranks, watched=partial(watched, what="reading the shards"))
        found = "every shard" if ranks == 1 else f"of the shards one in {ranks}, the others elsewhere,"
        say(f"tokenizer    {parts.tokenizer.vocab_size:,} tokens; {found} read and found whole")
        return parts
    train, valid = read_texts(recipe.data)
    say(
        f"text         {recipe.data.corpus}: {sum(map(len, train)):,} characters to learn from, "
        f"{sum(map(len, valid)):,} held out"
    )
    tokenizer = tokenizer or train_tokenizer(recipe, train)
    say(f"tokenizer    {describe_tokenizer(tokenizer, valid)}")
    return TextParts(tokenizer, [encode_texts(train, tokenizer)], encode_texts(valid, tokenizer), streamed=False)


def describe_share(recipe: TextRecipe, batch: int) -> str:
    """Where the batches of each rank are not the recipe's, a line about that; an empty line in any case."""
    if batch == recipe.data.batch:
        return ""
    ranks = f"{launch.size():,} ranks make" if launch.size() > 1 else "1 rank makes"
    return f"{'':12} micro-batches of {batch} windows, so that {ranks} up {recipe.train.batch_tokens:,} tokens\n"


def with_vocabulary(recipe: TextRecipe, tokenizer: Tokenizer) -> TextRecipe:
    """The recipe with a model for the tokenizer that there is, its rows rounded up as `tokenizer.pad` asks."""
    rows = -(-tokenizer.vocab_size // recipe.tokenizer.pad) * recipe.tokenizer.pad
    return dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, vocab_size=rows))


def read_texts(data: TextData) -> tuple[list[str], list[str]]:
    """Training and held-out texts: of a single text its last part, of several whole ones drawn at random."""
    if open_shards(data) is not None:
        raise ValueError(f"{data.corpus}: token shards, where the text itself is needed")
    texts = load_texts(data.corpus)
    with naming(data.corpus):
        if len(texts) == 1:
            first, last = split_text(texts[0], valid=data.valid)
            return [first], [last]
        splits = split_texts(texts, valid=data.valid)
    return splits.train, splits.valid


def train_tokenizer(recipe: TextRecipe, train: Sequence[str]) -> Tokenizer:
    """Byte pairs, or the characters there are; from the training text only."""
    if recipe.tokenizer.kind == "characters":
        return Tokenizer.characters(train)
    return Tokenizer.train_from_texts(
        train, recipe.tokenizer.vocab_size, pattern=recipe.tokenizer.pattern, specials=(END,)
    )


def encode_texts(texts: Sequence[str], tokenizer: Tokenizer) -> np.ndarray:
    """All texts as one row of ids, parted by the end-of-text token where there is one."""
    ids: list[int] = []
    for text in texts:
        ids += tokenizer.encode(text)
        if len(texts) > 1 and END in tokenizer.specials:
            ids.append(tokenizer.specials[END])
    return np.array(ids, dtype=np.int32)


def score_text(run: TextRun, texts: Sequence[str], *, split: str) -> list[Result]:
    """Perplexity and bits per byte of the run over the whole of the texts."""
    return score_ids(run, encode_texts(texts, run.tokenizer), split=split)


def score_held_out(run: TextRun) -> list[Result]:
    """The same over what the run itself held out: of a text all, of shards as much as it validated on."""
    shards = open_shards(run.recipe.data)
    if shards is None:
        ids = encode_texts(read_texts(run.recipe.data)[1], run.tokenizer)
    else:
        ids = shard_parts(shards, run.recipe.data, run.tokenizer).valid
    check_held_out(run.folder, {"validation": ids})
    return score_ids(run, ids, split="validation")


def score_ids(run: TextRun, ids: NDArray[np.integer], *, split: str) -> list[Result]:
    """The same over one row of ids."""
    began = time.perf_counter()
    data, context = run.recipe.data, run.recipe.model.context
    end = document_end(data, run.tokenizer)
    held_out = Windows(ids, length=context, batch=data.batch, end_of_text=end)
    precision = choose_precision(run.device, "float32")
    batches = watched(held_out, what=f"reading {len(ids):,} held-out tokens")
    text_bytes, characters = text_size(ids, run.tokenizer)
    measured = Perplexity.from_totals(
        validate(run.model, batches, precision) * (len(ids) - 1),
        len(ids) - 1,
        text_bytes=text_bytes,
        skipped_bytes=text_size(ids[:1], run.tokenizer)[0],
    )
    signature = CONVENTION.format(context=context)
    if data.valid_tokens == len(ids) - 1:
        signature += f", of which the first {len(ids):,} tokens"
    if data.document_mask:
        signature += ", each token seeing its own document alone"
    figures = {
        "loss": measured.nats_per_token,
        "perplexity": measured.perplexity,
        "bits-per-byte": measured.bits_per_byte,
    }
    return [
        Result(
            metric=metric,
            value=value,
            split=split,
            size=characters,
            seed=run.recipe.train.seed,
            seconds=round(time.perf_counter() - began, 1),
            signature=signature,
        )
        for metric, value in figures.items()
    ]
