"""Exercise 3: who sees whom (handbook, chapter 4). Fill in the function; then run `make exercise N=3`."""

from torch import Tensor


def visible(T: int, S: int, *, causal: bool, window: int | None = None) -> Tensor:
    """Whether each of T queries may look at each of S keys: bool (T, S).

    The keys stand at positions 0 .. S - 1. The queries are the last T of these positions (earlier keys come from a
    cache). causal: no query looks at a position after its own. window: only at positions less than `window` away, so
    that window=1 sees only itself.
    """
    raise NotImplementedError
