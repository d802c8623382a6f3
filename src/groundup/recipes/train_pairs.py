"""From sentence pairs to a judged translator: the flow that every `PairRecipe` runs through."""

import dataclasses
import time
from collections.abc import Callable, Sequence

import torch

from groundup.data.batches import PairBatches
from groundup.data.load import load_pairs, load_splits
from groundup.data.pairs import Pair
from groundup.data.split import PairSplits
from groundup.measure.translation import score_translations
from groundup.models.seq2seq import Seq2Seq
from groundup.recipes.recipe import PairData, PairRecipe, save_recipe
from groundup.recipes.report import describe_model, describe_tokenizer, training_record
from groundup.run.folder import RunFolder
from groundup.run.pairs import BOS, EOS, PAD, PairRun
from groundup.run.results import Result, save_results
from groundup.text.tokenizer import Tokenizer
from groundup.training.fit import fit

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
    for tokenizer, side in {source: 0, target: 1}.items():  # one line when it is shared
        say(f"tokenizer    {describe_tokenizer(tokenizer, [pair[side] for pair in splits.valid])}")
    torch.manual_seed(recipe.train.seed)
    model = Seq2Seq(recipe.model)
    say(describe_model(model, recipe.model))
    train, valid = (encode_pairs(part, recipe, source, target) for part in (splits.train, splits.valid))
    say(
        f"batches      {len(train):,} an epoch of {train.pairs:,} pairs, {train.padding_share:.1%} padding, "
        f"{train.dropped:,} pairs too long\n"
    )
    fitted = fit(
        model,
        train,
        folder=folder.path,
        settings=recipe.train,
        valid=valid.fixed(),
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
    separate = None if source is target else source.vocab_size
    tied = "head" if separate and recipe.model.tied == "all" else recipe.model.tied
    model = dataclasses.replace(recipe.model, vocab_size=target.vocab_size, source_vocab_size=separate, tied=tied)
    return dataclasses.replace(recipe, model=model)


def encode_pairs(pairs: Sequence[Pair], recipe: PairRecipe, source: Tokenizer, target: Tokenizer) -> PairBatches:
    """Pairs as batches of ids."""
    return PairBatches(
        source.encode_batch(pair.source for pair in pairs),
        target.encode_batch(pair.target for pair in pairs),
        budget=recipe.data.batch_tokens,
        pad=target.special_id(PAD),
        bos=target.special_id(BOS),
        eos=target.special_id(EOS),
        source_pad=source.special_id(PAD),
        source_eos=source.special_id(EOS),
        seed=recipe.train.seed,
        max_length=min(recipe.data.max_length, recipe.model.context),
    )


def judge(run: PairRun, pairs: Sequence[Pair], *, training: dict, say: Callable[[str], None]) -> list[Result]:
    """Translate the pairs greedily and with beams, score, say and save the figures."""
    split = "train (memorised)" if run.recipe.data.memorise else "test"
    heading = "memorised" if run.recipe.data.memorise else "held out"
    results = []
    if refused := run.refused([pair.source for pair in pairs]):
        say(f"{split:12} {len(refused):,} of {len(pairs):,} sources cannot be read (too long, say) and count as wrong")
    for beams in sorted({1, run.recipe.num_beams}):
        results += score_pairs(run, pairs, split, num_beams=beams)
        bleu, chrf, exact = results[-3:]
        how = "greedy" if beams == 1 else f"{beams} beams"
        say(
            f"{heading:12} BLEU {bleu.value:.2f}  chrF {chrf.value:.2f}  exact {exact.value:.1f}%"
            f"   {how}, {len(pairs):,} pairs of {run.recipe.data.corpus}, {split}"
        )
    say(f"             {results[-3].signature}")
    save_results(run.folder.results_file, results, training=training)
    return results


def answer_pairs(run: PairRun, pairs: Sequence[Pair], *, num_beams: int) -> list[str]:
    """An answer to every source; an empty one to those that cannot be read, which must not cost the others theirs."""
    sources = [pair.source for pair in pairs]
    refused = run.refused(sources)
    return run.translate(["" if i in refused else source for i, source in enumerate(sources)], num_beams=num_beams)


def score_pairs(run: PairRun, pairs: Sequence[Pair], split: str, *, num_beams: int) -> list[Result]:
    """BLEU, chrF and the share of exact matches of the run's translations of the pairs."""
    began = time.perf_counter()
    answers = answer_pairs(run, pairs, num_beams=num_beams)
    references = [pair.target for pair in pairs]
    scores = score_translations(answers, references)
    exact = 100 * sum(a == b for a, b in zip(answers, references, strict=True)) / len(pairs)

    def result(metric: str, value: float, signature: str) -> Result:
        return Result(
            metric=metric,
            value=value,
            split=split,
            size=len(pairs),
            seed=run.recipe.train.seed,
            seconds=round(time.perf_counter() - began, 1),
            signature=signature,
            num_beams=num_beams,
        )

    return [
        result("bleu", scores.bleu, scores.bleu_signature),
        result("chrf", scores.chrf, scores.chrf_signature),
        result("exact-match", exact, "percent of answers equal to the reference, character for character"),
    ]
