"""The attention of a run while it answers: pictures of every layer and head, and a page to step through."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from groundup.decode.choose import Beams
from groundup.files import writing_to
from groundup.look.beams import Candidate, Watched, beam_tree
from groundup.look.draw import draw_attention
from groundup.look.record import layer_weights, record_attention
from groundup.page.recorded import Panel, attention_page
from groundup.run.translator import Translator
from groundup.run.writer import Writer
from groundup.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CANDIDATES = 5
HEIGHT = 820
"""The height of the page in a notebook, in pixels."""


@dataclass(frozen=True, eq=False)
class Look:
    """The attention of a run while it wrote one text. A notebook shows it as a page to step through."""

    title: str
    panels: list[Panel]
    output: str
    source: str | None = None
    candidates: Sequence[Sequence[tuple[str, float]]] | None = None
    """For each written token, the likeliest tokens at its place and their probabilities."""
    beams: list[Candidate] | None = None
    prompt: int = 0
    """How many of the output's tokens were given, and not written by the model."""

    @property
    def page(self) -> str:
        """Return the page as one HTML text that loads no other files."""
        return attention_page(
            title=self.title,
            panels=self.panels,
            source_text=self.source,
            output_text=self.output,
            candidates=self.candidates,
            beams=self.beams,
            prompt=self.prompt,
        )

    def draw(self, name: str, *, path: str | Path | None = None) -> "Figure":
        """Draw one panel, by its name: cross, encoder or decoder."""
        named = {panel.name: panel for panel in self.panels}
        if name not in named:
            raise ValueError(f"there is no panel {name!r}; there are {', '.join(named)}")
        panel, title = named[name], f"{name}: {self.title}"
        return draw_attention(panel.weights, queries=panel.queries, keys=panel.keys, path=path, title=title)

    def save(self, folder: str | Path) -> list[Path]:
        """Write page.html and a PNG for each panel into the folder, and return their paths."""
        folder = Path(folder)
        page = self.page.encode()  # make it first: an error then leaves no folder
        with writing_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "page.html").write_bytes(page)
            for panel in self.panels:
                self.draw(panel.name, path=folder / f"{panel.name}.png")
        return [folder / "page.html", *(folder / f"{panel.name}.png" for panel in self.panels)]

    def __repr__(self) -> str:
        shapes = ", ".join(f"{panel.name} {tuple(panel.weights.shape)}" for panel in self.panels)
        return f"Look({self.title!r}: {shapes}; save(folder) writes a page and pictures)"

    def _repr_html_(self) -> str:
        frame = f'style="width: 100%; height: {HEIGHT}px; border: 0"'
        return f'<iframe {frame} srcdoc="{html.escape(self.page)}"></iframe>'


def look_at_pair(run: Translator, sentence: str, *, title: str, num_beams: int = 1) -> Look:
    """Answer the sentence, and record one teacher-forced pass over the answer.

    With more than one beam, the result also has the tree of the search.
    """
    watched = Watched()
    by = Beams(num_beams)
    answers = run.answers([sentence], by, num_return_sequences=num_beams, watch=watched)[0]
    if not answers:
        raise ValueError("an empty sentence has nothing to look at")
    answer = answers[0]
    with record_attention(run.model) as maps:
        probabilities = run.probabilities(sentence, answer.ids)
    source = run.source_pieces(sentence)
    written = run.target.pieces(answer.ids)
    read = [*run.target.pieces([run.marks.bos]), *written[:-1]]
    panels = [
        Panel("cross", written, source, layer_weights(maps, "decoder.blocks.*.cross")),
        Panel("encoder", source, source, layer_weights(maps, "encoder.blocks.*.attention")),
        Panel("decoder", written, read, layer_weights(maps, "decoder.blocks.*.attention")),
    ]
    tree = beam_tree(
        watched.steps,
        answers=[found.ids for found in answers],
        pieces=run.target.pieces,
        score=by.score,
    )
    return Look(
        title,
        panels,
        answer.text,
        source=sentence,
        candidates=_candidates(probabilities, run.target),
        beams=tree if num_beams > 1 else None,
    )


def look_at_text(run: Writer, prompt: str, *, title: str, max_new_tokens: int = 40) -> Look:
    """Continue the prompt greedily, and record one pass over the whole text."""
    prompt_ids = run.prompt_ids(prompt)
    writing = run.generate(prompt, max_new_tokens=max_new_tokens)
    text = prompt + "".join(writing)
    ids = [
        *prompt_ids,
        *writing.written.ids,
    ]  # its own ids: the text could be encoded otherwise, and half characters cannot
    with record_attention(run.model) as maps:
        probabilities = run.probabilities(ids[:-1])
    pieces = run.tokenizer.pieces(ids)
    panels = [Panel("decoder", pieces[1:], pieces[:-1], layer_weights(maps, "stack.blocks.*.attention"))]
    candidates = _candidates(probabilities, run.tokenizer)
    return Look(title, panels, text, candidates=candidates, prompt=len(prompt_ids))


def _candidates(probabilities: Tensor, tokenizer: Tokenizer) -> list[list[tuple[str, float]]]:
    best = probabilities.topk(min(CANDIDATES, probabilities.shape[-1]), dim=-1)
    steps = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    # Leave out ids without a token: they are never chosen and have no text.
    return [[(tokenizer.pieces([id])[0], p) for id, p in zip(*step, strict=True) if p > 0] for step in steps]


def folder_name(text: str) -> str:
    """Return a short file name made from the text."""
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-")[:40] or "text"
