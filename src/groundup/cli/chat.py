"""groundup chat RUN: talk to a dialogue run, a line and a reply at a time."""

import io
import itertools
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tyro

from groundup.cli.parse import parse

if TYPE_CHECKING:
    from groundup.decode.choose import Greedy, Sample
    from groundup.run.chat import Conversation

DRAWING = ("--temperature", "--top-k", "--top-p", "--min-p", "--seed")
COMMANDS = ("/reset", "/history", "/quit")
LINE_ENDS = re.compile(r"[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class Chat:
    """Talk to a dialogue run: it reads what was said before, as far as its context allows, and its reply streams.

    /reset forgets what was said, /history shows it, /quit or Ctrl-D ends. From a pipe, every line has a line in reply.
    """

    run: tyro.conf.Positional[str]
    """A run folder, or its name under runs/."""
    temperature: float | None = None
    """Draw the words, below 1 more cautiously, above 1 more wildly; None and no --top-k etc.: the likeliest."""
    top_k: int | None = None
    """Draw from the k likeliest tokens only."""
    top_p: float | None = None
    """Draw from the likeliest tokens only that together hold this probability."""
    min_p: float | None = None
    """Draw from tokens only that are at least this many times as likely as the likeliest."""
    seed: int | None = 0
    """The same seed and the same lines give the same conversation. None draws anew each time."""
    repetition_penalty: float | None = None
    """Above 1 makes tokens already in the reply less likely."""
    no_repeat_ngram_size: int | None = None
    """Forbid any n-gram of this many tokens to appear twice in a reply."""
    num_beams: int = 1
    """Above 1: beam search for the likeliest reply, which then comes in one piece."""
    max_new_tokens: int | None = None
    """None allows twice the tokens that are answered and ten more."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"


def main(arguments: list[str]) -> None:
    options = parse(Chat, arguments, prog="groundup chat")
    choose = _choose(options, {argument.split("=")[0].replace("_", "-") for argument in arguments})
    from groundup.run.chat import Conversation
    from groundup.run.load import load_pair_run, which

    run = load_pair_run(options.run, "chat", checkpoint=which(options.checkpoint), device=options.device)
    if run.recipe.task != "dialogue":
        raise ValueError(f"{options.run} is a {run.recipe.task} run and cannot chat; use: groundup translate")
    conversation = Conversation(run, choose=choose, num_beams=options.num_beams, max_new_tokens=options.max_new_tokens)
    if sys.stdin.isatty():
        print(f"Say something. {', '.join(COMMANDS)} or Ctrl-D ends.")
        _talk(conversation, prompt="> ")
    elif not _talk(conversation):
        sys.exit(2)


def _choose(options: Chat, flags: set[str]) -> "Greedy | Sample":
    """ValueError for what cannot be meant, or would change nothing beside the rest."""
    from groundup.decode.choose import Greedy, Sample

    if options.num_beams < 1:
        raise ValueError(f"num_beams ({options.num_beams}) must be at least 1; try 4")
    if options.max_new_tokens is not None and options.max_new_tokens < 1:
        raise ValueError(f"max_new_tokens ({options.max_new_tokens}) must be at least 1")
    drawing = [flag for flag in (*DRAWING, "--repetition-penalty") if flag in flags]
    if options.num_beams > 1 and drawing:
        raise ValueError(f"--num-beams {options.num_beams} searches for the likeliest reply: leave out {drawing[0]}")
    drawn = dict(temperature=options.temperature, top_k=options.top_k, top_p=options.top_p, min_p=options.min_p)
    drawn = {name: value for name, value in drawn.items() if value is not None}
    repetition = dict(repetition_penalty=options.repetition_penalty, no_repeat_ngram_size=options.no_repeat_ngram_size)
    if drawn:
        return Sample(**drawn, **repetition, seed=options.seed)  # type: ignore[arg-type]
    if "--seed" in flags:
        raise ValueError("--seed is for words that are drawn: say --temperature 0.8 as well, or leave it out")
    return Greedy(**repetition)  # type: ignore[arg-type]


def _talk(conversation: "Conversation", prompt: str = "") -> bool:
    """Answer line after line until they end; whether all could be answered. A wrong line costs its own answer only."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a byte that is not UTF-8 must not end the conversation
    fine = True
    for number in itertools.count(1):
        try:
            line = input(prompt).strip()
        except EOFError:
            break
        if line == "/quit":
            break
        try:
            _answer(conversation, line)
        except ValueError as error:
            fine = False
            print(f"groundup: {'' if prompt else f'line {number}: '}{error}", file=sys.stderr)
    return fine


def _answer(conversation: "Conversation", line: str) -> None:
    """Do what a command says, or write the reply as it comes, on one line."""
    if line == "/reset":
        conversation.reset()
    elif line == "/history":
        _show(conversation)
    elif line.startswith("/"):
        raise ValueError(f"unknown command {line.split()[0]!r}; there are {', '.join(COMMANDS)}")
    else:
        before = conversation.forgotten
        pieces = conversation.reply(line)
        try:
            for piece in pieces:
                sys.stdout.write(LINE_ENDS.sub(" ", piece))
                sys.stdout.flush()
        finally:
            print(flush=True)
        if conversation.forgotten and not before:
            context = conversation.run.recipe.model.context
            print(f"groundup: the context of {context} tokens is full: the oldest turns are forgotten", file=sys.stderr)


def _show(conversation: "Conversation") -> None:
    for turn in conversation.turns:
        print(f"{turn.who}: {turn.text}")
    if not conversation.turns:
        print("nothing said yet" if conversation.remembers else "this run hears one line at a time and keeps nothing")
