"""groundup translate RUN [SENTENCE ...]: the sentences given, or one a line from standard input."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, Literal

import tyro

from groundup.cli.choosing import NOT_FOR_BEAMS, Choosing, given
from groundup.cli.parse import parse
from groundup.text.reading import piped_lines

TOGETHER = 1000  # lines, so that those of like length share a batch


@dataclass(frozen=True)
class Translate:
    """Translate sentences with a trained run; without any, every line of standard input.

    On a terminal the best hypothesis grows as it is found. A line that cannot be translated is named on standard error
    and leaves an empty line, so that line n always answers line n; the exit code is then 2.
    """

    run: tyro.conf.Positional[str]
    """A run folder, or its name under runs/."""
    sentences: tyro.conf.Positional[tuple[str, ...]] = ()
    num_beams: int = 4
    """Hypotheses kept at each step; 1 is greedy. Where words are drawn or repetition is penalised, 1 unless given."""
    choosing: tyro.conf.OmitArgPrefixes[Choosing] = field(default_factory=Choosing)
    length_norm: Literal["average", "gnmt"] = "average"
    """The score of n tokens, the end token included: ln p / n ** length_penalty (average; Wu et al. 2016 take 0.6 to
    0.7), or ln p / ((5 + n) / 6) ** length_penalty (gnmt, which they took in the end)."""
    length_penalty: float = 1.0
    """Larger favours longer answers; 0 judges by ln p alone."""
    early_stopping: Literal["false", "true", "never"] = "false"
    """When to stop: once no living hypothesis beats the worst of num_beams finished ones, judged at its present length
    (false) or at the length most favourable to it (never: exact, slow); or once num_beams are finished (true)."""
    num_return_sequences: int = 1
    """How many answers to print for each sentence, with their scores when more than one."""
    max_new_tokens: int | None = None
    """None allows twice the source's tokens and ten more."""
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

    @property
    def shows_scores(self) -> bool:
        return self.scores or self.num_return_sequences > 1


def main(arguments: list[str]) -> None:
    options = parse(Translate, arguments, prog="groundup translate")
    search = _search(options, given(arguments))  # complains before the model is loaded
    from groundup.decode.beam import DIVISORS
    from groundup.decode.choose import Sample
    from groundup.decode.draw import Going
    from groundup.run.lines import answer_lines
    from groundup.run.load import load_pair_run, which

    run = load_pair_run(options.run, "translate", checkpoint=which(options.checkpoint), device=options.device)
    if isinstance(choose := search.get("choose"), Sample):
        search["choose"] = Going(choose.begin(run.device))  # draws go on from block to block
    what, numbers, failed = "sentence" if options.sentences else "line", count(1), False
    for block in _blocks(options.sentences):
        with _growing(len(block) == 1 and ("choose" not in search or options.num_return_sequences == 1)) as show:
            found = answer_lines(
                run,
                block,
                split=options.split,
                length_penalty=options.length_penalty,
                divisor=DIVISORS[options.length_norm],
                max_new_tokens=options.max_new_tokens,
                num_return_sequences=options.num_return_sequences,
                precision=options.precision,
                show=show,
                **search,
            )
        for answers, number in zip(found, numbers, strict=False):
            if isinstance(answers, str):
                print(f"groundup: {what} {number}: {answers}", file=sys.stderr)
                failed = True
            _print(answers, scores=options.shows_scores)
        sys.stdout.flush()
    if failed:
        sys.exit(2)


def _search(options: Translate, flags: set[str]) -> dict[str, Any]:
    """How answers are looked for, in the words of `PairRun.answers`: with `choose`, or with beams."""
    from groundup.decode.choose import Sample

    drawing = any(flag in flags for flag in NOT_FOR_BEAMS)
    beams = 1 if drawing and "--num-beams" not in flags else options.num_beams
    choose = options.choosing.choose(flags, num_beams=beams)
    picked = beams == 1 and (isinstance(choose, Sample) or choose.repetition_penalty is not None)
    if (options.early_stopping == "true" and beams == 1) or (options.early_stopping != "false" and picked):
        raise ValueError(f"--early-stopping {options.early_stopping} is for beams; leave it out")
    # One beam ranks nothing, unless it is to wait for a better answer ("never").
    if not options.shows_scores and (picked or (beams == 1 and options.early_stopping != "never")):
        for flag in ("--length-norm", "--length-penalty"):
            if flag in flags:
                raise ValueError(
                    f"{flag} is for ranking beams and for scores that are shown; leave it out, or add --scores"
                )
    if picked:
        return dict(choose=choose)
    return dict(
        num_beams=beams,
        no_repeat_ngram_size=choose.no_repeat_ngram_size,
        early_stopping={"false": False, "true": True, "never": "never"}[options.early_stopping],
    )


@contextmanager
def _growing(one: bool) -> Iterator[Callable[[str], None] | None]:
    """Where one answer is to come on a terminal: what shows how far it has got, until it is there. None elsewhere."""
    if not one or not sys.stdout.isatty():
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(), transient=True, refresh_per_second=12) as live:
        yield lambda text: live.update(Text("".join(c if c.isprintable() else " " for c in text)))


def _blocks(sentences: tuple[str, ...]) -> Iterator[list[str]]:
    """The sentences, or what standard input has: in blocks from a file, line by line from a person."""
    if sentences:
        yield list(sentences)
        return
    lines = piped_lines(sys.stdin)  # a bad line fails alone
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
