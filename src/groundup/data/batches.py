"""Sentence pairs as training batches: rows of like length together, under a budget of tokens.

Padding is work thrown away, so pairs are sorted by length before they are cut into batches; which pairs of equal length
meet, and the order of the batches, is drawn anew in every epoch. Batches hold about the same number of tokens, not of
sentences (Vaswani et al. 2017, section 5.1), so every step costs about the same.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

IGNORE = -100
"""The target where there is nothing to learn: what `torch.nn.functional.cross_entropy` passes over."""


class Batch(NamedTuple):
    """What one training step needs."""

    inputs: tuple[Tensor | None, ...]
    """What the model is called with: model(*inputs) -> logits (B, T, V)."""
    targets: Tensor
    """(B, T) int64, IGNORE where there is nothing to learn."""


class PairBatches:
    """Batches of a parallel corpus in a random order that depends on the seed and the batch's number alone.

    `sources` and `targets` are token ids without marks. The model gets source + <eos> (B, S), <bos> + target (B, T) and
    a mask (B, S), True at real tokens, or None where no source is padded; it has to give target + <eos> (B, T).
    """

    def __init__(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        budget: int,
        pad: int,
        bos: int,
        eos: int,
        seed: int,
        max_length: int,
        source_pad: int | None = None,
        source_eos: int | None = None,
        count: int | None = None,
    ) -> None:
        """Plan the batches: `budget` counts tokens of both sides, padding and marks included: B * (S + T).

        Where the sources have a vocabulary of their own, `source_pad` and `source_eos` are its marks; None means that
        both sides share one. Pairs with a side longer than `max_length` (its mark counted) are left out and counted in
        `dropped`. `count` makes an epoch of exactly so many batches, at most that many pairs, raising the budget by
        hundredths where it is too tight for that.
        """
        if len(sources) != len(targets):
            raise ValueError(f"sources ({len(sources):,}) and targets ({len(targets):,}) must be as many")
        fits = [max(len(s), len(t)) < max_length for s, t in zip(sources, targets, strict=True)]
        self.dropped = fits.count(False)
        """How many pairs were too long to be used."""
        if not any(fits):
            raise ValueError(f"none of {len(fits):,} pairs fits into max_length ({max_length}); raise it")
        self.pad, self.seed = pad, seed
        self.source_pad = pad if source_pad is None else source_pad
        source_end = eos if source_eos is None else source_eos
        self._sources = _Rows([[*s, source_end] for s, fit in zip(sources, fits, strict=True) if fit])
        self._targets = _Rows([[bos, *t, eos] for t, fit in zip(targets, fits, strict=True) if fit])
        self._S = self._sources.lengths
        self._T = self._targets.lengths - 1  # what goes in; as much comes out, one token later
        self._cuts = self._plan(budget)
        if count is not None:
            self._fit(count, budget)

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self._cuts) - 1

    @property
    def pairs(self) -> int:
        """Pairs in an epoch."""
        return len(self._S)

    @property
    def padding_share(self) -> float:
        """The share of padding among the tokens of an epoch, both sides together."""
        order = self._sorted()
        cost = sum(
            len(rows) * int(self._S[rows].max() + self._T[rows].max()) for rows in np.split(order, self._cuts[1:-1])
        )
        return 1 - float(self._S.sum() + self._T.sum()) / cost

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Batch number `start` and all that follow, epoch after epoch, for ever."""
        epoch, first = divmod(start, len(self))
        while True:
            rng = np.random.default_rng([self.seed, epoch])
            order, turn = self._sorted(rng), rng.permutation(len(self))
            for i in turn[first:]:
                yield self._batch(order[self._cuts[i] : self._cuts[i + 1]])
            epoch, first = epoch + 1, 0

    def fixed(self) -> list[Batch]:
        """Every pair once, in the same batches each time: what validation needs."""
        return [self._batch(rows) for rows in np.split(self._sorted(), self._cuts[1:-1])]

    def _sorted(self, rng: np.random.Generator | None = None) -> NDArray[np.intp]:
        """All rows by target length, then source length; equals in random order, or in the corpus' without `rng`."""
        ties = np.arange(self.pairs) if rng is None else rng.random(self.pairs)
        # The sources run up, then down, then up: neighbours stay alike where one target length meets the next.
        snake = np.where(self._T % 2 == 0, self._S, -self._S)
        return np.lexsort((ties, snake, self._T))

    def _plan(self, budget: int) -> list[int]:
        """Where the sorted rows are cut. Only lengths matter, so every epoch has the same cuts, and batch n of a
        training run is found by division."""
        order = self._sorted()
        cuts, longest_source, longest_target = [0], 0, 0
        for row, (s, t) in enumerate(zip(self._S[order].tolist(), self._T[order].tolist(), strict=True)):
            if s + t > budget:
                raise ValueError(
                    f"budget ({budget}) must hold the longest pair ({s} + {t} tokens with their marks); raise it, or "
                    "lower max_length"
                )
            longest_source, longest_target = max(longest_source, s), max(longest_target, t)
            if (row + 1 - cuts[-1]) * (longest_source + longest_target) > budget:
                cuts.append(row)
                longest_source, longest_target = s, t
        return [*cuts, len(order)]

    def _fit(self, count: int, budget: int) -> None:
        """Fewer batches by a larger budget, more by cutting those in two that have most rows."""
        assert 1 <= count <= self.pairs, f"{self.pairs} pairs cannot make {count} batches"
        while len(self) > count:
            budget += budget // 100 + 1
            self._cuts = self._plan(budget)
        while len(self) < count:
            cuts = self._cuts
            most = max(range(len(self)), key=lambda i: cuts[i + 1] - cuts[i])
            cuts.insert(most + 1, (cuts[most] + cuts[most + 1]) // 2)

    def _batch(self, rows: NDArray[np.intp]) -> Batch:
        S, T = self._S[rows], self._T[rows]
        source = self._sources.take(rows, lengths=S, fill=self.source_pad)
        target_in = self._targets.take(rows, lengths=T, fill=self.pad)
        targets = self._targets.take(rows, lengths=T, fill=IGNORE, skip=1)
        mask = None if S.min() == S.max() else torch.from_numpy(np.arange(S.max()) < S[:, None])
        return Batch((source, target_in, mask), targets)


class _Rows:
    """Rows of unequal length end to end in one array, so that a batch is one indexing and not a loop."""

    def __init__(self, rows: list[list[int]]) -> None:
        self.lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        self._starts = np.cumsum(self.lengths) - self.lengths
        self._ids = np.fromiter(chain.from_iterable(rows), np.int32, int(self.lengths.sum()))

    def take(self, rows: NDArray[np.intp], *, lengths: NDArray[np.int64], fill: int, skip: int = 0) -> Tensor:
        """`lengths` ids of each row from its id number `skip` on, as int64 (B, longest), filled up with `fill`."""
        across = np.arange(lengths.max())
        at = (self._starts[rows] + skip)[:, None] + across
        ids = self._ids[np.minimum(at, len(self._ids) - 1)]
        return torch.from_numpy(np.where(across < lengths[:, None], ids, fill).astype(np.int64, copy=False))
