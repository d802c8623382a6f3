"""Judge an encoder-decoder: by its own translations, and by how well it foresees the references (teacher forcing)."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from groundup.batch import IGNORE
from groundup.data.batches import PairBatches
from groundup.data.pairs import Pair
from groundup.flow.pairs import PairParts
from groundup.measure.translation import Reference, score_translations
from groundup.models.seq2seq import Seq2Seq
from groundup.recipes.recipe import PairRecipe
from groundup.run.folder import RunFolder
from groundup.run.lines import answer_lines
from groundup.run.pairs import PairRun
from groundup.run.results import Result, save_results
from groundup.training.loss import cross_entropy

RESAMPLES = 1000
RESAMPLED = 5000  # Answers up to which intervals are drawn: sacreBLEU's bootstrap takes 70 kB an answer.


class Answers(NamedTuple):
    """What a run answers to the sources of a test, found in one way of searching."""

    texts: list[str]
    num_beams: int
    seconds: float
    """What the searching took."""
    refused: dict[int, str]
    """Rows that have no answer, and why."""


def judge(
    recipe: PairRecipe,
    folder: RunFolder,
    model: Seq2Seq,
    parts: PairParts,
    *,
    training: dict[str, Any],
    say: Callable[[str], None],
) -> PairRun:
    """Translate the test pairs greedily and with beams; score, say and save the figures; return the run."""
    run, pairs = PairRun(folder, recipe, model, *parts.tokenizers), parts.splits.test
    split = "train (memorised)" if run.recipe.data.memorise else "test"
    heading = "memorised" if run.recipe.data.memorise else "held out"
    results = []
    for beams in sorted({1, run.recipe.num_beams}):
        answers = answer_pairs(run, pairs, num_beams=beams)
        if answers.refused and beams == 1:
            refused = f"{len(answers.refused):,} of {len(pairs):,} sources"
            say(f"{split:12} {refused} cannot be read (too long, say) and count as wrong")
        found = score_answers(run, answers, [pair.target for pair in pairs], split)
        results += found
        bleu, chrf, ter, exact = found
        margin = "" if bleu.margin is None else f" ± {bleu.margin:.2f}"
        how = "greedy" if beams == 1 else f"{beams} beams"
        say(
            f"{heading:12} BLEU {bleu.value:.2f}{margin}  chrF {chrf.value:.2f}  TER {ter.value:.2f}  "
            f"exact {exact.value:.1f}%   {how}, {len(pairs):,} pairs of {run.recipe.data.corpus}, {split}"
        )
    say(f"             {results[0].signature}")
    save_results(run.folder.results_file, results, training=training)
    return run


def answer_pairs(run: PairRun, pairs: Sequence[Pair], *, num_beams: int) -> Answers:
    """Answer every source as `groundup translate` does; with an empty text where it cannot be read."""
    began = time.perf_counter()
    found = answer_lines(run, [pair.source for pair in pairs], num_beams=num_beams)
    refused = {row: answers for row, answers in enumerate(found) if isinstance(answers, str)}
    texts = ["" if isinstance(answers, str) or not answers else answers[0].text for answers in found]
    return Answers(texts, num_beams, round(time.perf_counter() - began, 1), refused)


def score_answers(
    run: PairRun,
    answers: Answers,
    references: Sequence[Reference],
    split: str,
    *,
    lowercase: bool = False,
    tokenize: str | None = None,
) -> list[Result]:
    """BLEU, chrF, TER, each with its interval, and the share of exact matches with a reference."""
    resamples = RESAMPLES if len(answers.texts) <= RESAMPLED else None
    scores = score_translations(answers.texts, references, lowercase=lowercase, tokenize=tokenize, resamples=resamples)

    def same(answer: str, reference: Reference) -> bool:
        several = [reference] if isinstance(reference, str) else reference
        return answer.lower() in map(str.lower, several) if lowercase else answer in several

    def result(metric: str, value: float, signature: str, margin: float | None = None) -> Result:
        return Result(
            metric=metric,
            value=value,
            split=split,
            size=len(answers.texts),
            seed=run.recipe.train.seed,
            seconds=answers.seconds,
            signature=signature,
            num_beams=answers.num_beams,
            margin=margin,
        )

    exact = 100 * sum(map(same, answers.texts, references)) / len(answers.texts)
    case = ", without case" if lowercase else ""
    return [
        result("bleu", scores.bleu, scores.bleu_signature, scores.bleu_margin),
        result("chrf", scores.chrf, scores.chrf_signature, scores.chrf_margin),
        result("ter", scores.ter, scores.ter_signature, scores.ter_margin),
        result("exact-match", exact, f"percent of answers equal to a reference, character for character{case}"),
    ]


def with_all_references(pairs: Sequence[Pair], answers: Answers) -> tuple[Answers, list[list[str]]]:
    """Take each source once, with all its translations among the pairs as references.

    A part of a split corpus has all rows of its sources, since whole groups were dealt out (`split_pairs`).
    """
    several: dict[str, list[str]] = {}
    for pair in pairs:
        several.setdefault(pair.source, []).append(pair.target)
    said = {pair.source: text for pair, text in zip(pairs, answers.texts, strict=True)}
    return answers._replace(texts=[said[source] for source in several]), list(several.values())


def score_reading(run: PairRun, pairs: Sequence[Pair], split: str) -> list[Result]:
    """Teacher forcing: how well each token of the references is foreseen from those before it.

    Pairs with a side that cannot be read, or that is too long for the context, are left out; `size` counts the rest.
    """
    began = time.perf_counter()
    batches = _batches(run, pairs)
    total, right, tokens = 0.0, 0, 0
    with torch.inference_mode():
        for batch in batches.fixed():
            logits = run.model(*(None if x is None else x.to(run.device) for x in batch.inputs))
            targets = batch.targets.to(run.device)
            loss, count = cross_entropy(logits, targets)
            total, tokens = total + loss.item(), tokens + int(count)
            right += int(((logits.argmax(dim=-1) == targets) & (targets != IGNORE)).sum())

    def result(metric: str, value: float, what: str) -> Result:
        return Result(
            metric=metric,
            value=value,
            split=split,
            size=batches.pairs,
            seed=run.recipe.train.seed,
            seconds=round(time.perf_counter() - began, 1),
            signature=f"{what}, the reference before it given (teacher forcing), end tokens counted",
        )

    return [
        result("loss", total / tokens, "nats a token"),
        result("token-accuracy", 100 * right / tokens, "percent of tokens foreseen"),
    ]


def read_along(run: PairRun, pair: Pair) -> str:
    """The likeliest token at each place of the reference, what is before it given: teacher forcing, as text."""
    if run.refused([pair.source]) or not (ids := _ids(run, pair.target)):
        return ""
    best = run.probabilities(pair.source, [*ids, run.marks.eos]).argmax(dim=-1).tolist()
    return run.target.decode(best, skip_special=True)


def readable(run: PairRun, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs whose source the run can read."""
    refused = run.refused([pair.source for pair in pairs])
    return [pair for row, pair in enumerate(pairs) if row not in refused]


def _batches(run: PairRun, pairs: Sequence[Pair]) -> PairBatches:
    refused = run.refused([pair.source for pair in pairs])
    read = {row: _ids(run, pair.target) for row, pair in enumerate(pairs) if row not in refused}
    rows = [row for row, ids in read.items() if ids is not None]
    if not rows:
        raise ValueError(f"none of {len(pairs):,} pairs can be read by {run.folder.name}")
    context = run.recipe.model.context
    return PairBatches(
        run.source.encode_batch(pairs[row].source for row in rows),
        [ids for row in rows if (ids := read[row]) is not None],
        budget=max(run.recipe.data.batch_tokens, 2 * context),
        **run.marks._asdict(),
        seed=0,
        max_length=context,
    )


def _ids(run: PairRun, reference: str) -> list[int] | None:
    """The reference's tokens; None where the vocabulary lacks a character of it, or the context is too short."""
    try:
        ids = run.target.encode(reference)
    except ValueError:
        return None
    return ids if len(ids) < run.recipe.model.context else None
