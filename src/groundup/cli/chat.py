"""groundup chat RUN: talk to a dialogue run, a line and a reply at a time."""

import io
import itertools
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import tyro

from groundup.cli.choosing import Choosing, given
from groundup.cli.parse import Run, parse
from groundup.terminal import shown

if TYPE_CHECKING:
    from groundup.run.chat import Conversation

COMMANDS = ("/reset", "/history", "/quit")
LINE_ENDS = re.compile(r"[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class Chat:
    """Talk to a dialogue run: it reads what was said before, as far as its context allows, and its reply streams.

    /reset forgets what was said, /history shows it, /quit or Ctrl-D ends. From a pipe, every line that is no
    command has a line in reply: an empty one where it cannot be answered, and standard error says why.
    """

    run: Run
    """A run folder, or its name under runs/."""
    choosing: tyro.conf.OmitArgPrefixes[Choosing] = field(default_factory=Choosing)
    max_new_tokens: int | None = None
    """None allows twice the tokens of what is answered, and ten more."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"
    trust_code: bool = False
    """Execute the Python file of its own that the run was trained with, a copy of which lies in its folder."""


def main(arguments: list[str]) -> None:
    options = parse(Chat, arguments, prog="groundup chat")
    if options.max_new_tokens is not None and options.max_new_tokens < 1:
        raise ValueError(f"max_new_tokens ({options.max_new_tokens}) must be at least 1")
    choose = options.choosing.strategy(given(arguments))
    from groundup.run.chat import Conversation
    from groundup.run.load import load_pair_run, which

    run = load_pair_run(
        options.run, "chat", checkpoint=which(options.checkpoint), device=options.device, trust_code=options.trust_code
    )
    if run.recipe.task != "dialogue":
        raise ValueError(f"{options.run} is a {run.recipe.task} run and cannot chat; use: groundup translate")
    choose = options.choosing.forbidding(choose, run.target)
    least = options.choosing.min_new_tokens
    conversation = Conversation(run, choose=choose, max_new_tokens=options.max_new_tokens, min_new_tokens=least)
    if sys.stdin.isatty():
        print(f"Say something. {', '.join(COMMANDS)} or Ctrl-D ends.")
        _talk(conversation, prompt="> ")
    elif not _talk(conversation):
        sys.exit(2)


def _talk(conversation: "Conversation", prompt: str = "") -> bool:
    """Answer line after line until they end; whether all could be answered. A wrong line costs its own answer only."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace", newline="\n")  # a byte that is not UTF-8 must not end the conversation
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
    """Do what a command says, or write the reply as it comes, on one line, which is empty where there is none."""
    if line == "/reset":
        conversation.reset()
    elif line == "/history":
        _show(conversation)
    else:
        before = conversation.forgotten
        try:
            if line.startswith("/"):
                raise ValueError(f"unknown command {line.split()[0]!r}; there are {', '.join(COMMANDS)}")
            for piece in conversation.reply(line):
                sys.stdout.write(shown(LINE_ENDS.sub(" ", piece)))
                sys.stdout.flush()
        finally:
            print(flush=True)
        if conversation.forgotten and not before:
            context = conversation.run.recipe.model.context
            print(f"groundup: the context of {context} tokens is full: the oldest turns are forgotten", file=sys.stderr)


def _show(conversation: "Conversation") -> None:
    for turn in conversation.turns:
        print(shown(f"{turn.who}: {turn.text}"))
    if not conversation.turns:
        print("nothing said yet" if conversation.remembers else "this run hears one line at a time and keeps nothing")
