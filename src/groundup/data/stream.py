"""Running text as training batches: windows of a long row of tokens."""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import lru_cache
from itertools import accumulate, count

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundup.batch import IGNORE, Batch
from groundup.data.order import shuffled
from groundup.data.token_files import MappedIds

Tokens = NDArray[np.integer] | MappedIds | Tensor | Sequence[int]
"""One row of ids; a numpy memory map is read as it is needed."""


class TokenStream:
    """Windows of a text in a random order that depends on the seed and the batch's number alone.

    Every epoch lays a fresh grid of non-overlapping windows over the text, starting at a random place, and goes through
    them in random order: almost every token is seen once an epoch, and never twice in the same surroundings. (Windows
    drawn with replacement would miss a third of the text in each epoch.)
    """

    def __init__(self, tokens: Tokens, *, length: int, batch: int, seed: int, end_of_text: int | None = None) -> None:
        """`tokens` (N,), whole numbers of any width, may be a memory map; a batch is `batch` windows of `length`.

        end_of_text: the id that parts documents; with it, a batch also says which token is of which (see `as_batch`).
        """
        self.tokens = _array(tokens)
        self.length, self.batch, self.seed, self.end_of_text = length, batch, seed, end_of_text
        self._windows, self._slack = grid(len(self.tokens), length)
        self._order = lru_cache(maxsize=2)(self._permutation)

    def __len__(self) -> int:
        """Batches in an epoch, the last one counted if it is begun."""
        return -(-self._windows // self.batch)

    def batches(self, start: int = 0, every: int = 1) -> Iterator[Batch]:
        """Batch number `start` and every `every`-th that follows, without end; one may reach into the next epoch.

        So rank r of w takes batches(r, every=w), and all ranks together what one would take alone.
        """
        for number in count(start, every):
            starts = _starts(number, self.batch, self._windows, lambda epoch, rows: self._order(epoch)[rows])
            ids = self.tokens[starts[:, None] + np.arange(self.length + 1)]
            yield as_batch(ids, end_of_text=self.end_of_text)

    def dealt(self, batch: int) -> "TokenStream":
        """The same windows in the same order, the given number to a batch."""
        other = copy(self)
        other.batch = batch
        return other

    def fixed(self) -> "Windows":
        """The whole text once, in the same batches each time: what validation needs."""
        return Windows(self.tokens, length=self.length, batch=self.batch, end_of_text=self.end_of_text)

    def _permutation(self, epoch: int) -> NDArray[np.int64]:
        """Where the windows of an epoch begin, in the order in which they are seen."""
        rng = np.random.default_rng([self.seed, epoch])
        return rng.integers(self._slack + 1) + self.length * rng.permutation(self._windows)


class ShardStream:
    """The same of tokens in several rows, such as `data.shards` maps from files; its memory does not grow with them.

    Here the order is not drawn but computed, by a keyed bijection (`data.order`), so that a training of any size begins
    at any batch at once. Windows go on from one row into the next.
    """

    def __init__(
        self, rows: Iterable[Tokens], *, length: int, batch: int, seed: int, end_of_text: int | None = None
    ) -> None:
        """Arguments as of `TokenStream`."""
        self.rows = [row if isinstance(row, MappedIds) else _array(row) for row in rows]
        self.length, self.batch, self.seed, self.end_of_text = length, batch, seed, end_of_text
        self._ends = np.array([*accumulate(map(len, self.rows))], np.int64)
        self._windows, self._slack = grid(int(self._ends[-1]) if self.rows else 0, length)

    def __len__(self) -> int:
        """Batches in an epoch, the last one counted if it is begun."""
        return -(-self._windows // self.batch)

    def batches(self, start: int = 0, every: int = 1) -> Iterator[Batch]:
        """As `TokenStream.batches`."""
        for number in count(start, every):
            starts = _starts(number, self.batch, self._windows, self._places)
            ids = np.stack([self._read(first, self.length + 1) for first in starts.tolist()])
            yield as_batch(ids, end_of_text=self.end_of_text)

    def dealt(self, batch: int) -> "ShardStream":
        """As `TokenStream.dealt`."""
        other = copy(self)
        other.batch = batch
        return other

    def _places(self, epoch: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the windows that come as numbers `rows` of an epoch begin."""
        shift = np.random.default_rng([self.seed, epoch]).integers(self._slack + 1)
        return shift + self.length * shuffled(rows, self._windows, seed=self.seed, epoch=epoch)

    def _read(self, first: int, size: int) -> NDArray[np.int64]:
        """`size` ids from number `first` of all rows on."""
        row = int(np.searchsorted(self._ends, first, side="right"))
        at, parts = first - (int(self._ends[row - 1]) if row else 0), []
        while size > 0:
            part = self.rows[row][at : at + size]
            parts.append(part.astype(np.int64))
            row, at, size = row + 1, 0, size - len(part)
        return np.concatenate(parts)


class Windows(Sequence[Batch]):
    """A text once from end to end in non-overlapping windows: every token but the first is a target exactly once.

    The last batch may have fewer rows; the last window is filled up with token 0 and targets IGNORE. Batches are made
    as they are asked for.
    """

    def __init__(self, tokens: Tokens, *, length: int, batch: int, end_of_text: int | None = None) -> None:
        self.tokens, self.length, self.batch, self.end_of_text = _array(tokens), length, batch, end_of_text
        if len(self.tokens) < 2:
            raise ValueError(
                f"the text has {len(self.tokens)} tokens; at least 2 are needed to predict one from another"
            )

    def __len__(self) -> int:
        """Batches."""
        return -(-(len(self.tokens) - 1) // (self.length * self.batch))

    def __getitem__(self, number: int) -> Batch:  # type: ignore[override]  # one at a time
        if not 0 <= number < len(self):
            raise IndexError(number)
        first = number * self.length * self.batch
        ids = np.asarray(self.tokens[first : first + self.length * self.batch + 1], dtype=np.int64)
        N = len(ids) - 1
        T = min(self.length, N)
        B = -(-N // T)
        inputs, targets = np.zeros(B * T, np.int64), np.full(B * T, IGNORE, np.int64)
        inputs[:N], targets[:N] = ids[:-1], ids[1:]
        return _batch(inputs.reshape(B, T), targets.reshape(B, T), self.end_of_text)


def as_batch(ids: NDArray[np.integer], *, end_of_text: int | None = None) -> Batch:
    """Rows of T + 1 ids as inputs and targets (B, T).

    With `end_of_text` the inputs are (ids, None, documents), the last (B, T) counting the documents of each row. A
    document begins with its end-of-text token, so that where that stands behind documents it counts to the next.
    """
    ids = ids.astype(np.int64, copy=False)
    return _batch(ids[:, :-1], ids[:, 1:], end_of_text)


def _batch(inputs: NDArray[np.int64], targets: NDArray[np.int64], end_of_text: int | None) -> Batch:
    ids = torch.from_numpy(np.ascontiguousarray(inputs))
    wanted = torch.from_numpy(np.ascontiguousarray(targets))
    if end_of_text is None:
        return Batch((ids,), wanted)
    return Batch((ids, None, (ids == end_of_text).cumsum(dim=1)), wanted)


def grid(tokens: int, length: int) -> tuple[int, int]:
    """How many windows an epoch has, and how far they may all be moved: one fewer than would fit, so that the grid may
    begin anywhere in the first window. ValueError if not one fits."""
    if tokens <= length:
        raise ValueError(
            f"the text has {tokens:,} tokens and a window needs {length + 1:,}; "
            "bring a longer text or shorten the window"
        )
    windows = max(1, tokens // length - 1)
    return windows, tokens - 1 - windows * length


def _starts(number: int, batch: int, windows: int, places) -> NDArray[np.int64]:
    """Where the windows of batch `number` begin: places(epoch, rows) of each epoch that it reaches into."""
    epochs, rows = np.divmod(np.arange(number * batch, (number + 1) * batch), windows)
    return np.concatenate([places(int(epoch), rows[epochs == epoch]) for epoch in np.unique(epochs)])


def _array(tokens: Tokens) -> NDArray[np.integer]:
    array = tokens.numpy() if isinstance(tokens, Tensor) else np.asarray(tokens)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"tokens must be one row of whole numbers, not {array.dtype} of shape {array.shape}")
    return array
