"""Exercise 5: norms (handbook, chapter 5). Fill in the two functions; then run `make exercise N=5`."""

from torch import Tensor


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """weight * (x - mean) / sqrt(variance + eps) + bias, mean and variance over the last axis. x (..., C).

    The variance is the mean of the squared distances from the mean: divide by C, not by C - 1.
    """
    raise NotImplementedError


def rms_norm(x: Tensor, weight: Tensor, eps: float = 1e-5) -> Tensor:
    """weight * x / sqrt(mean(x²) + eps), the mean over the last axis. x (..., C)."""
    raise NotImplementedError
