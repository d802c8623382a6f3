"""Running text as training batches: windows of a long row of tokens."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundup.data.batches import IGNORE, Batch

Tokens = NDArray[np.integer] | Tensor | Sequence[int]
"""One row of ids; a numpy memory map is read as it is needed."""


class TokenStream:
    """Windows of a text in a random order that depends on the seed and the batch's number alone.

    Every epoch lays a fresh grid of non-overlapping windows over the text, starting at a random place, and goes through
    them in random order: almost every token is seen once an epoch, and never twice in the same surroundings. (Windows
    drawn with replacement would miss a third of the text in each epoch.)
    """

    def __init__(self, tokens: Tokens, *, length: int, batch: int, seed: int) -> None:
        """`tokens` (N,), whole numbers of any width, may be a memory map; a batch is `batch` windows of `length`."""
        self.tokens = _array(tokens)
        if len(self.tokens) <= length:
            raise ValueError(
                f"the text has {len(self.tokens):,} tokens and a window needs {length + 1:,}; "
                "bring a longer text or shorten the window"
            )
        self.length, self.batch, self.seed = length, batch, seed
        # One window fewer than would fit, so that the grid may start anywhere in the first window.
        self._windows = max(1, len(self.tokens) // length - 1)

    def __len__(self) -> int:
        """Batches in an epoch, the last one counted if it is begun."""
        return -(-self._windows // self.batch)

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Batch number `start` and all that follow, for ever; a batch may reach from one epoch into the next."""
        row = start * self.batch
        epoch, first = divmod(row, self._windows)
        waiting = self._starts(epoch)[first:]
        while True:
            while len(waiting) < self.batch:
                epoch += 1
                waiting = np.concatenate([waiting, self._starts(epoch)])
            now, waiting = waiting[: self.batch], waiting[self.batch :]
            ids = self.tokens[now[:, None] + np.arange(self.length + 1)].astype(np.int64)
            ids = torch.from_numpy(ids)  # (B, T + 1)
            yield Batch((ids[:, :-1].contiguous(),), ids[:, 1:].contiguous())

    def fixed(self) -> list[Batch]:
        """The whole text once, in the same batches each time: what validation needs."""
        return list(windows(self.tokens, length=self.length, batch=self.batch))

    def _starts(self, epoch: int) -> NDArray[np.int64]:
        """Where the windows of an epoch begin, in the order in which they are seen."""
        rng = np.random.default_rng([self.seed, epoch])
        slack = len(self.tokens) - 1 - self._windows * self.length
        return rng.integers(slack + 1) + self.length * rng.permutation(self._windows)


def windows(tokens: Tokens, *, length: int, batch: int) -> Iterator[Batch]:
    """The text once from end to end in non-overlapping windows: every token but the first is a target exactly once.

    The last batch may have fewer rows; the last window is filled up with token 0 and targets IGNORE.
    """
    text = _array(tokens)
    N = len(text) - 1
    if N < 1:
        raise ValueError(f"the text has {len(text)} tokens; at least 2 are needed to predict one from another")
    for first in range(0, N, length * batch):
        ids = np.asarray(text[first : first + length * batch + 1], dtype=np.int64)
        T = min(length, len(ids) - 1)
        B = -(-(len(ids) - 1) // T)
        inputs, targets = np.zeros(B * T, np.int64), np.full(B * T, IGNORE, np.int64)
        inputs[: len(ids) - 1], targets[: len(ids) - 1] = ids[:-1], ids[1:]
        yield Batch((torch.from_numpy(inputs).view(B, T),), torch.from_numpy(targets).view(B, T))


def _array(tokens: Tokens) -> NDArray[np.integer]:
    array = tokens.numpy() if isinstance(tokens, Tensor) else np.asarray(tokens)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"tokens must be one row of whole numbers, not {array.dtype} of shape {array.shape}")
    return array
