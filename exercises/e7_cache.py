"""Exercise 7: the cache of keys and values (handbook, chapter 8). Fill in the class; then run `make exercise N=7`."""

from torch import Tensor


class Cache:
    """Keys and values of the tokens that were read, so that a new token costs one step and not the whole text."""

    def __init__(self) -> None:
        raise NotImplementedError

    @property
    def length(self) -> int:
        """How many tokens were read so far."""
        raise NotImplementedError

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Take in the keys and values of the new tokens, and return the causal attention of their queries.

        q, k, v (B, H, T, D), T new tokens -> (B, H, T, D). A new token sees all earlier tokens, itself, and the new
        tokens before it.
        """
        raise NotImplementedError
