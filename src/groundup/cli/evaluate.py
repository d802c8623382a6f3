"""groundup evaluate RUN: judge a run on its held-out text, or on a file it has never seen."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

import tyro

from groundup.cli.parse import parse


@dataclass(frozen=True)
class Evaluate:
    """Judge a run: BLEU and chrF of pairs, perplexity and bits per byte of text."""

    run: tyro.conf.Positional[str]
    """A run folder, or its name under runs/."""
    data: str | None = None
    """A file of pairs or of text, or a named corpus; None takes the run's own held-out part."""
    other: str | None = None
    """The second of two line-aligned files."""
    split: Literal["test", "validation"] | None = None
    """Which of a pair run's own parts, None being test; a language model holds out one part only."""
    num_beams: int | None = None
    """Of translations, None being 4; greedy (1) is reported beside it."""
    worst: int = 0
    """Also print this many of the worst sentences."""
    json: bool = False
    """Print the results as JSON, for programs."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"


def main(arguments: list[str]) -> None:
    options = parse(Evaluate, arguments, prog="groundup evaluate")
    from groundup.run.load import load, which
    from groundup.run.pairs import PairRun

    if options.other is not None and options.data is None:
        raise ValueError("--other is the second of two line-aligned files; give the first with --data")
    if options.split is not None and options.data is not None:
        raise ValueError("--split names a part of the run's own data; leave it out with --data")
    if options.worst and options.json:
        raise ValueError("--json prints figures only; leave --worst out")
    run = load(options.run, checkpoint=which(options.checkpoint), device=options.device)
    results = _judge_pairs(run, options) if isinstance(run, PairRun) else _judge_text(run, options)
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=2, ensure_ascii=False))
        return
    for result in results:
        print(result)
    for signature in dict.fromkeys(result.signature for result in results if result.signature):
        print(f"  {signature}")


def _judge_pairs(run, options: Evaluate) -> list:
    from groundup.data.load import load_pairs
    from groundup.recipes.train_pairs import answer_pairs, read_splits, score_pairs, turned

    if options.data is not None:
        # A published test set is judged as it is, repeated rows included.
        pairs = turned(load_pairs(options.data, options.other, distinct=False), run.recipe.data.reverse)
        split = options.data
    else:
        splits = read_splits(run.recipe.data)
        split = options.split or "test"
        pairs = splits.test if split == "test" else splits.valid
        split = "train (memorised)" if run.recipe.data.memorise else split
    num_beams = 4 if options.num_beams is None else options.num_beams
    results = [result for beams in sorted({1, num_beams}) for result in score_pairs(run, pairs, split, num_beams=beams)]
    if options.worst:
        _print_worst(pairs, answer_pairs(run, pairs, num_beams=num_beams), options.worst)
    return results


def _print_worst(pairs: list, answers: list[str], count: int) -> None:
    from groundup.measure.translation import sentence_scores

    for score in sentence_scores(answers, [pair.target for pair in pairs])[:count]:
        print(f"chrF {score.chrf:5.1f}  {pairs[score.row].source}\n      ours  {score.hypothesis}")
        print(f" reference  {score.reference}")


def _judge_text(run, options: Evaluate) -> list:
    from groundup.data.load import load_texts
    from groundup.recipes.train_text import read_texts, score_text

    if options.other is not None:
        raise ValueError(f"{options.run} is a language model: it is judged on text, not on two aligned files")
    if options.worst:
        raise ValueError(f"{options.run} is a language model: it has no worst sentences; leave --worst out")
    if options.num_beams is not None or options.split is not None:
        raise ValueError(f"{options.run} is a language model: leave --num-beams and --split out")
    if options.data is not None:
        return score_text(run, load_texts(options.data), split=options.data)
    return score_text(run, read_texts(run.recipe.data)[1], split="validation")
