"""From running text to a judged language model: the flow that every `TextRecipe` runs through."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from groundup.data.load import load_texts
from groundup.data.split import split_text, split_texts
from groundup.data.stream import TokenStream, windows
from groundup.hub.folder import tokenizer_from_hub
from groundup.measure.perplexity import Perplexity
from groundup.models.causal_lm import CausalLM
from groundup.recipes.init_from import begun_from, first_weights
from groundup.recipes.recipe import TextData, TextRecipe, save_recipe
from groundup.recipes.report import describe_model, describe_tokenizer, training_record
from groundup.run.folder import RunFolder
from groundup.run.results import Result, save_results
from groundup.run.text import END, TextRun
from groundup.text.tokenizer import Tokenizer
from groundup.training.checkpoint import saved_steps
from groundup.training.fit import fit
from groundup.training.loop import validate
from groundup.training.precision import choose_precision

CONVENTION = "every token but the first, non-overlapping windows of {context} tokens over the whole text"


def train_text(
    recipe: TextRecipe,
    folder: RunFolder,
    *,
    resume: bool = False,
    init_from: str | Path | None = None,
    say: Callable[[str], None] = print,
) -> TextRun:
    """Train by the recipe into the folder, judge on the held-out text, write `results.json` and samples.

    init_from: a Hugging Face folder to go on from, with its tokenizer and the model that the recipe names.
    """
    began = time.perf_counter()
    train, valid = read_texts(recipe.data)
    say(
        f"text         {recipe.data.corpus}: {sum(map(len, train)):,} characters to learn from, "
        f"{sum(map(len, valid)):,} held out"
    )
    if resume:
        tokenizer = folder.tokenizers()[1]
    else:
        if init_from is not None:
            recipe, tokenizer = begun_from(recipe, init_from), tokenizer_from_hub(init_from)
        else:
            tokenizer = train_tokenizer(recipe, train)
            recipe = dataclasses.replace(
                recipe, model=dataclasses.replace(recipe.model, vocab_size=tokenizer.vocab_size)
            )
        folder.path.mkdir(parents=True, exist_ok=True)
        save_recipe(recipe, folder.recipe_file)
        folder.save_tokenizers(tokenizer, tokenizer)
    say(f"tokenizer    {describe_tokenizer(tokenizer, valid)}")
    torch.manual_seed(recipe.train.seed)
    model = CausalLM(recipe.model)
    if not saved_steps(folder.checkpoints) and (weights := first_weights(recipe)) is not None:
        model.load_state_dict(weights)
    say(describe_model(model, recipe.model))
    context, batch = recipe.model.context, recipe.data.batch
    stream = TokenStream(encode_texts(train, tokenizer), length=context, batch=batch, seed=recipe.train.seed)
    held_out = list(windows(encode_texts(valid, tokenizer), length=context, batch=batch))
    say(f"batches      {len(stream):,} an epoch, of {batch} windows of {context} tokens\n")
    fitted = fit(
        model,
        stream,
        folder=folder.path,
        settings=recipe.train,
        valid=held_out,
        max_minutes=recipe.max_minutes,
        resume=resume,
    )
    run = TextRun(folder, recipe, model.eval(), tokenizer)
    results = score_text(run, valid, split="validation")
    for result in results:
        say(f"held out     {result}")
    save_results(folder.results_file, results, training=training_record(fitted, model, began))
    return run


def read_texts(data: TextData) -> tuple[list[str], list[str]]:
    """Training and held-out texts: of a single text its last part, of several whole ones drawn at random."""
    texts = load_texts(data.corpus)
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
    began = time.perf_counter()
    context = run.recipe.model.context
    ids = encode_texts(texts, run.tokenizer)
    held_out = list(windows(ids, length=context, batch=run.recipe.data.batch))
    precision = choose_precision(run.device, "float32")
    tokens = len(ids) - 1
    measured = Perplexity.from_totals(
        validate(run.model, held_out, precision) * tokens,
        tokens,
        text_bytes=sum(len(text.encode()) for text in texts),
        skipped_bytes=len(run.tokenizer.token_bytes(int(ids[0]))),
    )
    signature = CONVENTION.format(context=context)
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
            size=sum(map(len, texts)),
            seed=run.recipe.train.seed,
            seconds=round(time.perf_counter() - began, 1),
            signature=signature,
        )
        for metric, value in figures.items()
    ]
