"""Turn Hugging Face's option names into a strategy: `run.translate(texts, num_beams=4)` means `Beams(4)`."""

from typing import Any

from groundup.decode.choose import Beams, Greedy, Sample, Strategy

DRAWING = ("temperature", "top_k", "top_p", "min_p", "seed")
RANKING = ("length_penalty", "divisor", "early_stopping")


def strategy(choose: Strategy | None = None, *, num_beams: int | None = None, **named: Any) -> Strategy:
    """Return `choose` itself, or the strategy for these names; `Greedy()` if nothing is given. None is not given.

    temperature, top_k, top_p and min_p mean sampling; num_beams above 1 means beam search. Raises ValueError for names
    that cannot be combined.
    """
    named = {name: value for name, value in named.items() if value is not None}
    if choose is not None:
        named |= {} if num_beams is None else {"num_beams": num_beams}
        if named:
            raise ValueError(f"{', '.join(named)} beside choose: give it to {type(choose).__name__}, or leave one out")
        return choose
    drawing = [name for name in DRAWING if name in named]
    ranking = [name for name in RANKING if name in named]
    if not drawing:
        if ranking or num_beams not in (None, 1):
            return Beams(1 if num_beams is None else num_beams, **named)
        return Greedy(**named)
    if num_beams not in (None, 1):
        raise ValueError(f"num_beams ({num_beams}) must be 1 where {drawing[0]} draws; leave one of them out")
    if ranking:
        raise ValueError(f"{ranking[0]} is for beams, and {drawing[0]} draws; leave one of them out")
    return Sample(**named)
