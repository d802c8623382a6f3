"""groundup chat RUN: talk to a dialogue run, a line and a reply at a time."""

import sys
from dataclasses import dataclass

import tyro

from groundup.cli.parse import parse


@dataclass(frozen=True)
class Chat:
    """Talk to a dialogue run. Each line is answered by itself; an empty line, /quit or Ctrl-D ends."""

    run: tyro.conf.Positional[str]
    """A run folder, or its name under runs/."""
    num_beams: int = 4
    """Hypotheses kept at each step; 1 is greedy."""
    max_new_tokens: int | None = None
    """None allows twice the line's tokens and ten more."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"


def main(arguments: list[str]) -> None:
    options = parse(Chat, arguments, prog="groundup chat")
    from groundup.run.load import load_pair_run, which

    run = load_pair_run(options.run, "chat", checkpoint=which(options.checkpoint), device=options.device)
    if run.recipe.task != "dialogue":
        raise ValueError(f"{options.run} is a {run.recipe.task} run and cannot chat; use: groundup translate")
    person = sys.stdin.isatty()
    if person:
        print("Say something; an empty line ends.")
    while True:
        try:
            line = input("> " if person else "").strip()
        except EOFError:
            return
        if not line or line == "/quit":
            return
        try:
            print(run.translate([line], num_beams=options.num_beams, max_new_tokens=options.max_new_tokens)[0])
        except ValueError as error:  # a line too long costs that line, not the conversation
            print(f"groundup: {error}", file=sys.stderr)
