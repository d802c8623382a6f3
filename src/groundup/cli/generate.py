"""groundup generate RUN [PROMPT]: let a language model write on, word by word as it comes."""

import sys
from dataclasses import dataclass

import tyro

from groundup.cli.parse import parse


@dataclass(frozen=True)
class Generate:
    """Write on after a prompt with a trained language model. Streams; the same seed writes the same text."""

    run: tyro.conf.Positional[str]
    """A run folder, or its name under runs/."""
    prompt: tyro.conf.Positional[str] = ""
    max_new_tokens: int = 200
    greedy: bool = False
    """Always the likeliest token, instead of sampling."""
    temperature: float = 0.8
    """Below 1 more cautious, above 1 wilder."""
    top_k: int | None = None
    """Only the k likeliest tokens."""
    top_p: float | None = 0.95
    """Only the likeliest tokens that together hold this probability."""
    min_p: float | None = None
    """Only tokens at least this many times as likely as the likeliest."""
    repetition_penalty: float | None = None
    """Above 1 makes tokens already written less likely."""
    no_repeat_ngram_size: int | None = None
    """Forbid any n-gram of this many tokens to appear twice."""
    stop: tuple[str, ...] = ()
    """End before the first of these strings."""
    seed: int | None = 0
    """None draws anew each time."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"


def main(arguments: list[str]) -> None:
    options = parse(Generate, arguments, prog="groundup generate")
    from groundup.decode.choose import Greedy, Sample
    from groundup.run.load import load_text_run, which

    repetition = dict(repetition_penalty=options.repetition_penalty, no_repeat_ngram_size=options.no_repeat_ngram_size)
    if options.greedy:
        choose = Greedy(**repetition)  # type: ignore[arg-type]
    else:
        choose = Sample(
            temperature=options.temperature,
            top_k=options.top_k,
            top_p=options.top_p,
            min_p=options.min_p,
            seed=options.seed,
            **repetition,  # type: ignore[arg-type]
        )
    run = load_text_run(options.run, "generate", checkpoint=which(options.checkpoint), device=options.device)
    pieces = run.generate(options.prompt, choose=choose, max_new_tokens=options.max_new_tokens, stop=options.stop)
    sys.stdout.write(options.prompt)
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    print()
