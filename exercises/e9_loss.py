"""Exercise 9: the loss (handbook, chapter 10). Fill in the two functions; then run `make exercise N=9`."""

from torch import Tensor


def shift(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs and targets of a language model: at each place the target is the next token. (B, T) -> two (B, T - 1)."""
    raise NotImplementedError


def loss(logits: Tensor, targets: Tensor, *, ignore: int = -100, smoothing: float = 0.0) -> Tensor:
    """The mean over the targets of -ln p(target), by softmax over the last axis. logits (B, T, V), targets (B, T).

    Targets that are `ignore` do not count, neither in the sum nor in the number it is divided by. smoothing s: the
    right token counts 1 - s, and s is spread evenly over all V tokens, the right one included. Use no loss function of
    PyTorch; logits may be as large as 10,000.
    """
    raise NotImplementedError
