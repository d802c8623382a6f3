"""groundup translate RUN [SENTENCE ...]: the sentences given, or one a line from standard input."""

import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Literal

import tyro

from groundup.cli.parse import parse

TOGETHER = 1000  # lines, so that those of like length share a batch


@dataclass(frozen=True)
class Translate:
    """Translate sentences with a trained run; without any, every line of standard input.

    A line that cannot be translated is named on standard error and leaves an empty line, so that line n always answers
    line n; the exit code is then 2.
    """

    run: tyro.conf.Positional[str]
    """A run folder, or its name under runs/."""
    sentences: tyro.conf.Positional[tuple[str, ...]] = ()
    num_beams: int = 4
    """Hypotheses kept at each step; 1 is greedy."""
    length_penalty: float = 1.0
    """Scores are ln p / length ** length_penalty; larger favours longer answers."""
    num_return_sequences: int = 1
    """How many answers to print for each sentence, with their scores when more than one."""
    max_new_tokens: int | None = None
    """None allows twice the source's tokens and ten more."""
    no_repeat_ngram_size: int | None = None
    """Forbid any n-gram of this many tokens to appear twice in an answer."""
    split: bool = True
    """Translate what is longer than any text the run has learnt from sentence by sentence: cut at line breaks and
    after . ! ? … before a space. With --no-split it is read as a whole, and refused where it exceeds the context."""
    scores: bool = False
    """Print the score before each answer."""
    precision: Literal["float32", "int8"] = "float32"
    """int8 is up to twice as fast on a CPU; its answers and scores are not quite the model's own."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"


def main(arguments: list[str]) -> None:
    options = parse(Translate, arguments, prog="groundup translate")
    from groundup.run.lines import answer_lines
    from groundup.run.load import load_pair_run, which

    run = load_pair_run(options.run, "translate", checkpoint=which(options.checkpoint), device=options.device)
    what, numbers, failed = "sentence" if options.sentences else "line", count(1), False
    for block in _blocks(options.sentences):
        found = answer_lines(
            run,
            block,
            split=options.split,
            num_beams=options.num_beams,
            length_penalty=options.length_penalty,
            max_new_tokens=options.max_new_tokens,
            num_return_sequences=options.num_return_sequences,
            no_repeat_ngram_size=options.no_repeat_ngram_size,
            precision=options.precision,
        )
        for answers, number in zip(found, numbers, strict=False):
            if isinstance(answers, str):
                print(f"groundup: {what} {number}: {answers}", file=sys.stderr)
                failed = True
            _print(answers, scores=options.scores or options.num_return_sequences > 1)
        sys.stdout.flush()
    if failed:
        sys.exit(2)


def _blocks(sentences: tuple[str, ...]) -> Iterator[list[str]]:
    """The sentences, or what standard input has: in blocks from a file, line by line from a person."""
    if sentences:
        yield list(sentences)
        return
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # bad bytes shall cost their own line only
    lines: Iterable[str] = (line.rstrip("\n") for line in sys.stdin)
    size = 1 if sys.stdin.isatty() else TOGETHER
    while block := list(islice(lines, size)):
        yield block


def _print(answers: list | str, *, scores: bool) -> None:
    if not answers or isinstance(answers, str):
        print()
        return
    for answer in answers:
        text = " ".join(answer.text.splitlines())  # a line an answer, whatever an untrained model writes
        print(f"{answer.score:8.4f}  {text}" if scores else text)
