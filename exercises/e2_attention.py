"""Exercise 2: attention (handbook, chapter 3). Fill in the function; then run `make exercise N=2`."""

from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None) -> Tensor:
    """softmax(q kᵀ / sqrt(D)) v, the softmax over the keys.

    q (T, D), k (S, D), v (S, E) -> (T, E). allowed (T, S) is True where a query may look at a key; None hides nothing.
    A query that may look at no key at all gets zeros. Use no attention function of PyTorch; softmax is allowed.
    """
    raise NotImplementedError
