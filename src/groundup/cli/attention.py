"""groundup attention RUN TEXT: what a run looks at while it answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from groundup.cli.parse import Run, parse_texts


@dataclass(frozen=True)
class Attention:
    """Draw every layer and head for one sentence (or prompt), as pictures and as one page to step through."""

    run: Run
    """A run folder, or its name under runs/."""
    text: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TEXT")]
    """The sentence to translate or reply to, or the prompt to write on after."""
    out: Path | None = None
    """Where to; None is attention/ in the run folder."""
    num_beams: int | None = None
    """How a translation is found; None is greedily. With two or more the page also shows the tree of the search."""
    max_new_tokens: int | None = None
    """How far a language model writes on; None is 40 tokens."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"
    trust_code: bool = False
    """Execute the Python file of its own that the run was trained with, a copy of which lies in its folder."""


def main(arguments: list[str]) -> None:
    options = parse_texts(Attention, arguments, prog="groundup attention")
    from groundup.run.attention import folder_name
    from groundup.run.load import load, which
    from groundup.run.pairs import PairRun
    from groundup.text.reading import well_formed

    if options.text != well_formed(options.text):
        raise ValueError("the text is not UTF-8")
    run = load(options.run, checkpoint=which(options.checkpoint), device=options.device, trust_code=options.trust_code)
    folder = options.out or run.folder.path / "attention" / folder_name(options.text)
    if isinstance(run, PairRun):
        if options.max_new_tokens is not None:
            raise ValueError(f"{options.run} answers until it is done; --max-new-tokens is for language models")
        beams = 1 if options.num_beams is None else options.num_beams
        look = run.attention(options.text, num_beams=beams)
    else:
        if options.num_beams is not None:
            raise ValueError(f"{options.run} is a language model, which writes on greedily here; leave --num-beams out")
        tokens, context = len(run.tokenizer.encode(options.text)), run.recipe.model.context
        if tokens > context:
            raise ValueError(f"the text has {tokens} tokens, the model's context is {context}; shorten it")
        new_tokens = 40 if options.max_new_tokens is None else options.max_new_tokens
        look = run.attention(options.text, max_new_tokens=new_tokens)
    for path in look.save(folder):
        print(path)
