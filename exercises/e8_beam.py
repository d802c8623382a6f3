"""Exercise 8: beam search (handbook, chapter 11). Fill in the function; then run `make exercise N=8`."""

from collections.abc import Callable, Sequence

Tokens = tuple[int, ...]


def beam_search(
    step: Callable[[Tokens], Sequence[float]], *, beams: int, eos: int, limit: int
) -> list[tuple[Tokens, float]]:
    """The likeliest answers, best first, each with ln p: the sum of its tokens' ln p.

    step(tokens) gives ln p of each next token; begin with step(()). In every step all living answers are continued by
    every token, and the `beams` likeliest of all these continuations are kept. Those that end with `eos` are finished:
    they are set aside and not continued. The others live. An answer of `limit` tokens is finished, too. Return at most
    `beams` finished answers.
    """
    raise NotImplementedError
