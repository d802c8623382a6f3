"""From sentence pairs to a judged translator: the flow that every `PairRecipe` runs through."""

import dataclasses
import time
from collections.abc import Callable, Sequence

import torch

from groundup.data.batches import PairBatches
from groundup.data.load import load_pairs, load_splits
from groundup.data.marks import BOS, EOS, PAD, Marks
from groundup.data.pairs import Pair
from groundup.data.split import PairSplits
from groundup.models.seq2seq import Seq2Seq
from groundup.plan.here import refuse_too_much
from groundup.recipes.held_out import keep_held_out
from groundup.recipes.judge import judge
from groundup.recipes.naming import naming
from groundup.recipes.order import keep_order
from groundup.recipes.recipe import PairData, PairRecipe, save_recipe
from groundup.recipes.redrawn import RedrawnBatches, Rows
from groundup.recipes.report import describe_model, describe_tokenizer, training_record
from groundup.run.folder import RunFolder
from groundup.run.pairs import PairRun
from groundup.text.tokenizer import Tokenizer
from groundup.training.fit import fit
from groundup.training.skeleton import place_of_birth

SPECIALS = (PAD, BOS, EOS)


def train_pairs(
    recipe: PairRecipe, folder: RunFolder, *, resume: bool = False, say: Callable[[str], None] = print
) -> PairRun:
    """Train by the recipe into the folder, judge on the held-out test pairs, write `results.json`."""
    began = time.perf_counter()
    splits = read_splits(recipe.data)
    say(
        f"pairs        {recipe.data.corpus}: {len(splits.train):,} to learn from"
        + ("" if recipe.data.memorise else f", {len(splits.valid):,} for validation, {len(splits.test):,} for the test")
    )
    if resume:
        source, target = folder.tokenizers()
    else:
        source, target = train_tokenizers(recipe, splits.train)
        recipe = with_vocabulary(recipe, source, target)
        folder.path.mkdir(parents=True, exist_ok=True)
        save_recipe(recipe, folder.recipe_file)
        folder.save_tokenizers(source, target)
    if not recipe.data.memorise:
        keep_held_out(folder, {"validation": splits.valid, "test": splits.test}, resume=resume)
    for tokenizer, side in {source: 0, target: 1}.items():  # one line when it is shared
        say(f"tokenizer    {describe_tokenizer(tokenizer, [pair[side] for pair in splits.valid])}")
    refuse_too_much(recipe)
    torch.manual_seed(recipe.train.seed)
    with place_of_birth(recipe.train.parallel):
        model = Seq2Seq(recipe.model)
    say(describe_model(model, recipe.model))
    train = training_batches(splits.train, recipe, source, target)
    epoch = train.first if isinstance(train, RedrawnBatches) else train
    say(
        f"batches      {len(epoch):,} an epoch of {epoch.pairs:,} pairs, {epoch.padding_share:.1%} padding, "
        f"{epoch.dropped:,} pairs too long\n"
    )
    keep_order(folder, epoch, resume=resume, say=say)
    fitted = fit(
        model,
        train,
        folder=folder.path,
        settings=recipe.train,
        valid=encode_pairs(splits.valid, recipe, source, target).fixed(),
        max_minutes=recipe.max_minutes,
        resume=resume,
    )
    run = PairRun(folder, recipe, model.eval(), source, target)
    judge(run, splits.test, training=training_record(fitted, model, began), say=say)
    return run


def read_splits(data: PairData) -> PairSplits:
    """The pairs in three parts; all three are the same when the task is to memorise."""
    if data.memorise:
        pairs = turned(load_pairs(data.corpus, data.other), data.reverse)
        return PairSplits(pairs, pairs, pairs)
    with naming(data.corpus):
        splits = load_splits(
            data.corpus, data.other, valid=data.valid, test=data.test, seed=data.split_seed, train=data.phrasebook
        )
    return PairSplits(*(turned(part, data.reverse) for part in splits))


def turned(pairs: Sequence[Pair], reverse: bool) -> list[Pair]:
    """The pairs, their sides swapped if `reverse`."""
    return [Pair(pair.target, pair.source) for pair in pairs] if reverse else list(pairs)


def train_tokenizers(recipe: PairRecipe, pairs: Sequence[Pair]) -> tuple[Tokenizer, Tokenizer]:
    """One tokenizer of both sides or one of each, from the training part only."""

    def make(texts: list[str]) -> Tokenizer:
        if recipe.tokenizer.kind == "characters":
            return Tokenizer.characters(texts, specials=SPECIALS)
        if recipe.tokenizer.kind == "words":
            return Tokenizer.words(texts, vocab_size=recipe.tokenizer.vocab_size, specials=SPECIALS)
        return Tokenizer.train_from_texts(
            texts, recipe.tokenizer.vocab_size, pattern=recipe.tokenizer.pattern, specials=SPECIALS
        )

    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    if recipe.tokenizer.shared:
        shared = make(sides[0] + sides[1])
        return shared, shared
    return make(sides[0]), make(sides[1])


def with_vocabulary(recipe: PairRecipe, source: Tokenizer, target: Tokenizer) -> PairRecipe:
    """The recipe with the model's vocabulary sizes as the tokenizers turned out."""
    return with_sizes(recipe, target.vocab_size, source=None if source is target else source.vocab_size)


def with_sizes(recipe: PairRecipe, target: int, *, source: int | None) -> PairRecipe:
    """The recipe with a model for so many target tokens, and as many source tokens where they are others."""
    tied = "head" if source and recipe.model.tied == "all" else recipe.model.tied
    model = dataclasses.replace(recipe.model, vocab_size=target, source_vocab_size=source, tied=tied)
    return dataclasses.replace(recipe, model=model)


def training_batches(
    pairs: Sequence[Pair], recipe: PairRecipe, source: Tokenizer, target: Tokenizer
) -> PairBatches | RedrawnBatches:
    """What to train on: pairs encoded once and for all, or in every epoch anew if the recipe asks for BPE-dropout."""
    dropout = recipe.tokenizer.dropout
    if not dropout:
        return encode_pairs(pairs, recipe, source, target)
    return RedrawnBatches(
        pairs,
        source,
        target,
        dropout=dropout,
        longest=_longest(recipe),
        seed=recipe.train.seed,
        plan=lambda sources, targets, count: _plan(sources, targets, recipe, source, target, count),
    )


def encode_pairs(pairs: Sequence[Pair], recipe: PairRecipe, source: Tokenizer, target: Tokenizer) -> PairBatches:
    """Pairs as batches of ids."""
    sources = source.encode_batch(pair.source for pair in pairs)
    targets = target.encode_batch(pair.target for pair in pairs)
    return _plan(sources, targets, recipe, source, target)


def _plan(
    sources: Rows, targets: Rows, recipe: PairRecipe, source: Tokenizer, target: Tokenizer, count: int | None = None
) -> PairBatches:
    return PairBatches(
        sources,
        targets,
        budget=recipe.data.batch_tokens,
        **Marks.of(source, target)._asdict(),
        seed=recipe.train.seed,
        max_length=_longest(recipe),
        count=count,
    )


def _longest(recipe: PairRecipe) -> int:
    return min(recipe.data.max_length, recipe.model.context)
