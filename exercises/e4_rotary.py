"""Exercise 4: rotary positions (handbook, chapter 2). Fill in the function; then run `make exercise N=4`."""

from torch import Tensor


def rotate(x: Tensor, at: Tensor, theta: float = 10000.0) -> Tensor:
    """Turn pairs of numbers by an angle that grows with the position.

    x (T, D) with an even D, at (T,) positions -> (T, D). Pair i is (x[i], x[i + D/2]); its angle at position p is
    p * theta ** (-2 i / D). A pair (a, b) turned by an angle is (a cos - b sin, b cos + a sin).
    """
    raise NotImplementedError
