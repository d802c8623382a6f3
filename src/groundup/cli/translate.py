"""groundup translate RUN [SENTENCE ...]: the sentences given, or one a line from standard input."""

import sys
from dataclasses import dataclass

import tyro

from groundup.cli.parse import parse


@dataclass(frozen=True)
class Translate:
    """Translate sentences with a trained run; without any, every line of standard input."""

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
    scores: bool = False
    """Print the score before each answer."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"


def main(arguments: list[str]) -> None:
    options = parse(Translate, arguments, prog="groundup translate")
    from groundup.run.load import load_pair_run, which

    run = load_pair_run(options.run, "translate", checkpoint=which(options.checkpoint), device=options.device)
    sentences = list(options.sentences) or [line.rstrip("\n") for line in sys.stdin]
    refused = run.refused(sentences)  # these cost their own line only
    found = run.answers(
        ["" if row in refused else sentence for row, sentence in enumerate(sentences)],
        num_beams=options.num_beams,
        length_penalty=options.length_penalty,
        max_new_tokens=options.max_new_tokens,
        num_return_sequences=options.num_return_sequences,
        no_repeat_ngram_size=options.no_repeat_ngram_size,
    )
    for row, answers in enumerate(found):
        if row in refused:
            print(f"groundup: sentence {row + 1}: {refused[row]}", file=sys.stderr)
        if not answers:
            print()
        for answer in answers:
            text = " ".join(answer.text.splitlines())  # a line an answer, whatever an untrained model writes
            scored = options.scores or options.num_return_sequences > 1
            print(f"{answer.score:8.4f}  {text}" if scored else text)
    if refused:
        sys.exit(2)
