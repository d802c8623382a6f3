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
    split: Literal["test", "validation"] = "test"
    """Which of a pair run's own parts; a language model holds out one part only."""
    num_beams: int = 4
    """Of translations; greedy (1) is reported beside it."""
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
    from groundup.recipes.train_pairs import read_splits, score_pairs

    if options.data is not None:
        # A published test set is judged as it is, repeated rows included.
        pairs, split = load_pairs(options.data, options.other, distinct=False), options.data
        pairs = [type(pair)(*reversed(pair)) for pair in pairs] if run.recipe.data.reverse else pairs
    else:
        splits = read_splits(run.recipe.data)
        pairs = splits.test if options.split == "test" else splits.valid
        split = "train (memorised)" if run.recipe.data.memorise else options.split
    results = [
        result for beams in sorted({1, options.num_beams}) for result in score_pairs(run, pairs, split, num_beams=beams)
    ]
    if options.worst:
        _print_worst(run, pairs, options)
    return results


def _print_worst(run, pairs: list, options: Evaluate) -> None:
    from groundup.measure.translation import sentence_scores

    answers = run.translate([pair.source for pair in pairs], num_beams=options.num_beams)
    for score in sentence_scores(answers, [pair.target for pair in pairs])[: options.worst]:
        print(f"chrF {score.chrf:5.1f}  {pairs[score.row].source}\n      ours  {score.hypothesis}")
        print(f" reference  {score.reference}")


def _judge_text(run, options: Evaluate) -> list:
    from groundup.data.load import load_texts
    from groundup.recipes.train_text import read_texts, score_text

    if options.other is not None:
        raise ValueError(f"{options.run} is a language model: it is judged on text, not on two aligned files")
    if options.worst:
        raise ValueError(f"{options.run} is a language model: it has no worst sentences; leave --worst out")
    if options.data is not None:
        return score_text(run, load_texts(options.data), split=options.data)
    return score_text(run, read_texts(run.recipe.data)[1], split="validation")
