"""groundup generate RUN [PROMPT ...]: let a language model write on, as it comes, or many texts at once."""

import math
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from groundup.cli.choosing import Choosing, given
from groundup.cli.input import place, tell_of_files
from groundup.cli.parse import Run, parse_texts
from groundup.terminal import shown

if TYPE_CHECKING:
    from groundup.decode.choose import Beams, Greedy, Sample
    from groundup.run.text import TextRun
    from groundup.run.writing import Written

NAMED = 10
"""Bad lines of a file that are named one by one."""


@dataclass(frozen=True)
class Generate:
    """Write on after a prompt with a trained language model. Streams; the same seed writes the same text.

    Several prompts, or several texts of one, are written together and printed one after the other.
    """

    run: Run
    """A run folder, or its name under runs/."""
    prompts: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[PROMPT ...]")] = ()
    """What to write on after; none is the beginning of a text."""
    file: Path | None = None
    """Prompts from a file, one a line; - is standard input."""
    max_new_tokens: int = 200
    """No text has more tokens."""
    choosing: tyro.conf.OmitArgPrefixes[Choosing] = field(default_factory=lambda: Choosing(temperature=0.8, top_p=0.95))
    stop: tuple[str, ...] = ()
    """End before the first of these strings; in them \\n is a line break, \\t a tab and \\\\ a backslash."""
    num_return_sequences: int = 1
    """How many texts to write after each prompt."""
    slide: bool = False
    """Write on past the context: when it is full, its last half is read again from position 0."""
    logprobs: bool = False
    """Below each text a line a token: token, ln p, p (tabs between), by the model itself, before temperature etc."""
    precision: Literal["float32", "int8"] = "float32"
    """int8 is about 1.5 times as fast on a CPU; its texts and probabilities are not quite the model's own."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"
    trust_code: bool = False
    """Execute the Python file of its own that the run was trained with, a copy of which lies in its folder."""

    @property
    def ends(self) -> tuple[str, ...]:
        """The strings to stop at, with what a shell does not let people type."""
        meant = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}
        return tuple(re.sub(r"\\[nt\\]", lambda found: meant[found[0]], text) for text in self.stop)


def main(arguments: list[str]) -> None:
    options = parse_texts(Generate, arguments, prog="groundup generate")
    choose = _choose(options, given(arguments))  # complains before the model is loaded
    tell_of_files(options.prompts)
    from groundup.decode.choose import Beams
    from groundup.run.load import load_text_run, which

    prompts = _prompts(options)
    run = load_text_run(
        options.run,
        "generate",
        checkpoint=which(options.checkpoint),
        device=options.device,
        trust_code=options.trust_code,
    )
    choose = options.choosing.forbidding(choose, run.tokenizer)
    bad = _refused(run, prompts, options)
    if bad and options.file is None:
        raise ValueError(next(iter(bad.values())))
    for number, reason in list(bad.items())[:NAMED]:
        print(f"groundup: {place(options.file)}line {number}: {reason}", file=sys.stderr)
    if len(bad) > NAMED:
        print(f"groundup: and {len(bad) - NAMED:,} more lines that cannot be read", file=sys.stderr)
    if good := {number: prompt for number, prompt in prompts.items() if number not in bad}:
        if len(prompts) == options.num_return_sequences == 1 and not isinstance(choose, Beams):
            written = [[_stream(run, next(iter(good.values())), choose, options)]]
        else:
            written = _many(run, good, choose, options)
        cure = "beams do not slide" if isinstance(choose, Beams) else "--slide writes on"
        _tell_what_was_full([one for texts in written for one in texts], run.recipe.model.context, cure)
    if bad:
        sys.exit(2)


def _choose(options: Generate, flags: set[str]) -> "Greedy | Sample | Beams":
    """How to find the texts; ValueError for flags that would change nothing beside the others."""
    from groundup.decode.choose import Beams

    choose = options.choosing.strategy(flags)
    for flag in ("--stop", "--slide"):
        if isinstance(choose, Beams) and flag in flags:
            raise ValueError(
                f"--num-beams {choose.width} searches for the likeliest text: {flag} would change nothing; "
                "leave one of them out"
            )
    return choose


def _prompts(options: Generate) -> dict[int, str]:
    """Prompts by their numbers: those of the lines, where they come from a file; blank lines are none."""
    if options.file is None:
        return dict(enumerate(options.prompts or [""], start=1))
    if options.prompts:
        raise ValueError(f"prompts come from --file {options.file} or from the command line, not from both")
    from groundup.data.corpus import read_lines
    from groundup.text.reading import piped_lines

    piped = str(options.file) == "-"
    lines = piped_lines(sys.stdin) if piped else read_lines(options.file)
    prompts = {number: line for number, line in enumerate(lines, start=1) if line.strip()}
    if not prompts:
        raise ValueError(f"{'standard input' if piped else options.file} has no prompt in it; write one a line")
    return prompts


def _refused(run: "TextRun", prompts: dict[int, str], options: Generate) -> dict[int, str]:
    """The prompts that the model cannot read, and why: a bad line fails alone."""
    from groundup.text.reading import well_formed

    reasons = {}
    for number, prompt in prompts.items():
        try:
            if prompt != well_formed(prompt):
                raise ValueError("the prompt is not UTF-8 text")
            run.prompt_ids(prompt, slide=options.slide)
        except ValueError as error:
            reasons[number] = str(error)
    return reasons


def _stream(run: "TextRun", prompt: str, choose: "Greedy | Sample | Beams", options: Generate) -> "Written":
    pieces = run.generate(
        prompt,
        choose,
        max_new_tokens=options.max_new_tokens,
        min_new_tokens=options.choosing.min_new_tokens,
        stop=options.ends,
        slide=options.slide,
        precision=options.precision,
    )
    sys.stdout.write(shown(prompt))
    for piece in pieces:
        sys.stdout.write(shown(piece))
        sys.stdout.flush()
    print()
    if options.logprobs:
        _print_logprobs(run, pieces.written)
    return pieces.written


def _many(
    run: "TextRun", prompts: dict[int, str], choose: "Greedy | Sample | Beams", options: Generate
) -> list[list["Written"]]:
    """All texts, each below a line that says which one it is and its mean ln p a token."""
    count, texts_of = options.num_return_sequences, list(prompts.values())
    written = run.generate_batch(
        texts_of,
        choose,
        max_new_tokens=options.max_new_tokens,
        min_new_tokens=options.choosing.min_new_tokens,
        stop=options.ends,
        num_return_sequences=count,
        slide=options.slide,
        precision=options.precision,
    )
    for (p, prompt), texts in zip(prompts.items(), written, strict=True):
        for n, one in enumerate(texts, start=1):
            if len(prompts) * count > 1:
                which = f"{p}.{n}" if count > 1 else f"{p}"
                print(f"--- {which}  ln p {one.logprob:.3f}, a token {one.mean:.3f}")
            print(shown(prompt + one.text))
            if options.logprobs:
                _print_logprobs(run, one)
    return written


def _tell_what_was_full(written: list["Written"], context: int, cure: str) -> None:
    """One line to standard error when a text ended only because the context did."""
    full = sum(one.ended == "context" for one in written)
    if full:
        ends = "the text ends here" if len(written) == 1 else f"{full} of {len(written)} texts end there"
        print(f"groundup: the context of {context} tokens is full, so {ends}; {cure}", file=sys.stderr)


def _print_logprobs(run: "TextRun", written: "Written") -> None:
    for piece, logprob in zip(run.tokenizer.pieces(written.ids), written.logprobs, strict=True):
        print(f"{piece}\t{logprob:.4f}\t{math.exp(logprob):.4f}")
