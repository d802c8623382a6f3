"""A web page of one output that was recorded: step through it word by word and see where each head looks.

It draws as the page of a run does (js/attentionview.js), without the model: so it can be made of models of any size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from groundup.look.beams import Candidate
from groundup.page import scripts
from groundup.page.template import filled


@dataclass(frozen=True, eq=False)
class Panel:
    """The attention of all layers over one text, weights (L, H, T, S).

    name: "cross" (the output looks at the source), "encoder" (the source at itself), "decoder" (the output at the
    tokens before; a language model has only this one). Raises ValueError if tokens and weights do not fit.
    """

    name: Literal["cross", "encoder", "decoder"]
    queries: list[str]
    """The T tokens that look. For an output, these are the written tokens ("le chat <eos>"), not the ones read."""
    keys: list[str]
    """The S tokens looked at. In the decoder these are the tokens read ("<bos> le chat"), one step before `queries`."""
    weights: Tensor

    def __post_init__(self) -> None:
        if self.name not in ("cross", "encoder", "decoder"):
            raise ValueError(f"a panel is named cross, encoder or decoder, not {self.name!r}")
        shape = tuple(self.weights.shape)
        if len(shape) != 4 or 0 in shape or shape[2:] != (len(self.queries), len(self.keys)):
            raise ValueError(
                f"{self.name}: weights {shape} must have the shape (layers, heads, queries, keys) with "
                f"{len(self.queries)} queries and {len(self.keys)} keys"
            )
        if not self.weights.isfinite().all():
            raise ValueError(f"{self.name}: the weights are not all finite numbers; was the model trained to the end?")
        if self.name == "decoder" and self.queries[:-1] != self.keys[1:]:
            raise ValueError(
                "decoder: queries must be the tokens written and keys the tokens read, one step behind, "
                f"not {_start(self.queries)} and {_start(self.keys)}"
            )


def attention_page(
    *,
    title: str,
    panels: Sequence[Panel],
    source_text: str | None = None,
    output_text: str | None = None,
    candidates: Sequence[Sequence[tuple[str, float]]] | None = None,
    beams: Sequence[Candidate] | None = None,
    prompt: int = 0,
) -> str:
    """Return the page for one text, as HTML.

    candidates: for each written token, the likeliest tokens at its place and their probabilities, likeliest first.
    beams: the tree of the search that found the output (`beam_tree`). prompt: how many tokens of the output, with the
    first one read, were given and not written. Weights are kept to three decimals. Raises ValueError if the panels, or
    the tree, are not about the same tokens.
    """
    _check_together(panels, candidates)
    if beams is not None:
        _check_tree(panels, beams)
    data = {
        "source": source_text,
        "output": output_text,
        "prompt": prompt,
        "panels": [_panel_data(panel) for panel in panels],
        "candidates": candidates and [[(token, round(p, 4)) for token, p in step] for step in candidates],
        "beams": beams and [_node_data(node) for node in beams],
    }
    return filled("recorded.html", title=title, data=data, modules=scripts.RECORDED)


def _panel_data(panel: Panel) -> dict[str, Any]:
    """Return the weights in thousandths. A row is its first visible key, then the weights up to its last one.

    A hidden key has the weight 0, which a softmax never gives: before a window, and after the token itself.
    """
    weights = panel.weights.detach().float()
    thousandths = (weights * 1000).round().int().tolist()
    visible = weights != 0
    first, last = visible.int().argmax(-1).tolist(), weights.shape[-1] - visible.flip(-1).int().argmax(-1)
    rows = [
        [[[f, *row[f:n]] for row, f, n in zip(*head, strict=True)] for head in zip(*layer, strict=True)]
        for layer in zip(thousandths, first, last.tolist(), strict=True)
    ]
    return {"name": panel.name, "queries": panel.queries, "keys": panel.keys, "weights": rows}


def _node_data(node: Candidate) -> dict[str, Any]:
    return node._asdict() | {key: round(getattr(node, key), 4) for key in ("logprob", "total", "score")}


def _check_together(panels: Sequence[Panel], candidates: Sequence[object] | None) -> None:
    named = {panel.name: panel for panel in panels}
    if not panels or len(named) < len(panels):
        raise ValueError(f"a page needs at least one panel and each only once, not {[panel.name for panel in panels]}")
    cross, encoder, decoder = (named.get(name) for name in ("cross", "encoder", "decoder"))
    sources = [tokens for panel in (cross, encoder) if panel for tokens in [panel.keys]]
    if encoder:
        sources.append(encoder.queries)
    outputs = [panel.queries for panel in (cross, decoder) if panel]
    for what, texts in (("source", sources), ("output", outputs)):
        for tokens in texts:
            if tokens != texts[0]:
                raise ValueError(f"the panels disagree on the {what}: {_start(texts[0])} and {_start(tokens)}")
    if candidates is not None and [len(tokens) for tokens in outputs[:1]] != [len(candidates)]:
        steps = len(outputs[0]) if outputs else 0
        raise ValueError(f"candidates for {len(candidates)} tokens, but {steps} are written")


def _check_tree(panels: Sequence[Panel], beams: Sequence[Candidate]) -> None:
    outputs = [panel.queries for panel in panels if panel.name != "encoder"][:1]
    best: list[str] = []
    at = next((number for number, node in enumerate(beams) if node.answer == 0), None)
    while at is not None:
        best.insert(0, beams[at].token)
        at = beams[at].parent
    if [best] != outputs:
        raise ValueError(f"the best answer of the beams is {_start(best)}, the output {_start(*outputs or [[]])}")


def _start(tokens: Sequence[str]) -> str:
    return f"{len(tokens)} tokens ({' '.join(tokens[:4])} …)"
