"""groundup translate RUN [SENTENCE ...]: the sentences given, the lines of a file, or those of standard input."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from groundup.cli.choosing import Choosing, given
from groundup.cli.input import batched, piped_blocks, place, tell_of_files
from groundup.cli.parse import Run, parse_texts
from groundup.terminal import shown
from groundup.text.reading import lines
from groundup.text.unpacked import Unpacked

if TYPE_CHECKING:
    from groundup.run.translator import Answer

TOGETHER = 1000  # lines, so that those of like length share a batch


@dataclass(frozen=True)
class Translate:
    """Translate sentences with a trained run; without any, every line of --file or of standard input, as it comes.

    On a terminal the best hypothesis grows as it is found. A line that cannot be translated is named on standard error
    and leaves an empty line, so that line n always answers line n; the exit code is then 2.
    """

    run: Run
    """A run folder, or its name under runs/."""
    sentences: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[SENTENCE ...]")] = ()
    """What to translate."""
    file: Path | None = None
    """Sentences from a file, one a line; - is standard input."""
    choosing: tyro.conf.OmitArgPrefixes[Choosing] = field(default_factory=lambda: Choosing(num_beams=4))
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
    trust_code: bool = False
    """Execute the Python file of its own that the run was trained with, a copy of which lies in its folder."""

    @property
    def shows_scores(self) -> bool:
        return self.scores or self.num_return_sequences > 1


def main(arguments: list[str]) -> None:
    options = parse_texts(Translate, arguments, prog="groundup translate")
    if options.sentences and options.file is not None:
        raise ValueError(f"sentences come from --file {options.file} or from the command line, not from both")
    tell_of_files(options.sentences)
    # Complains before the model is loaded.
    choose = options.choosing.strategy(given(arguments), scores=options.shows_scores)
    from groundup.decode.choose import Beams, Going, Sample
    from groundup.run.lines import answer_lines
    from groundup.run.load import load_pair_run, which

    run = load_pair_run(
        options.run,
        "translate",
        checkpoint=which(options.checkpoint),
        device=options.device,
        trust_code=options.trust_code,
    )
    by = choose = options.choosing.forbidding(choose, run.target)
    if isinstance(choose, Sample):
        by = Going(choose.begin(run.device))  # draws go on from block to block

    def score(answer: "Answer") -> float:
        ranks = choose if isinstance(choose, Beams) else options.choosing.ranking()
        return answer.score if ranks is choose else ranks.score(answer.logprob, len(answer.ids))

    what, numbers, failed = "sentence" if options.sentences else "line", count(1), False
    for block in _blocks(options):
        with _growing(len(block) == 1 and (isinstance(by, Beams) or options.num_return_sequences == 1)) as show:
            found = answer_lines(
                run,
                block,
                by,
                split=options.split,
                max_new_tokens=options.max_new_tokens,
                min_new_tokens=options.choosing.min_new_tokens,
                num_return_sequences=options.num_return_sequences,
                precision=options.precision,
                show=show,
            )
        for answers, number in zip(found, numbers, strict=False):
            if isinstance(answers, str):
                print(f"groundup: {place(options.file)}{what} {number}: {answers}", file=sys.stderr)
                failed = True
            _print(answers, score if options.shows_scores else None)
        sys.stdout.flush()
    if failed:
        sys.exit(2)


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


def _blocks(options: Translate) -> Iterator[list[str]]:
    """The sentences; or the lines of a file in blocks; or of standard input those that are there, as they come."""
    if options.sentences:
        yield list(options.sentences)
    elif options.file is None or str(options.file) == "-":
        yield from piped_blocks(sys.stdin, most=TOGETHER)  # a bad line fails alone
    else:
        with Unpacked(options.file) as file:
            yield from batched(lines(file), TOGETHER)


def _print(answers: "list[Answer] | str", score: "Callable[[Answer], float] | None") -> None:
    """A line an answer, with its score where there is one; an empty line for what has no answer."""
    if not answers or isinstance(answers, str):
        print()
        return
    for answer in answers:
        text = " ".join(answer.text.splitlines())  # a line an answer, whatever an untrained model writes
        print(shown(f"{score(answer):8.4f}  {text}" if score else text))
