"""Sentence pairs as training batches: rows of like length together, under a budget of tokens.

Padding is work thrown away, so `rectangles` puts pairs together by the lengths of both sides; which pairs of equal
lengths meet, and the order of the batches, is drawn again in every epoch. Batches hold about the same number of tokens,
not of sentences (Vaswani et al. 2017, section 5.1), so every step costs about the same.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, count

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundup.batch import IGNORE, Batch
from groundup.data.rectangles import rectangles


class PairBatches:
    """Batches of a parallel corpus in a random order that depends on the seed and the batch's number alone.

    `sources` and `targets` are token ids without marks. The model gets source + <eos> (B, S), <bos> + target (B, T) and
    a mask (B, S), True at real tokens, or None where no source is padded; it has to give target + <eos> (B, T).
    """

    def __init__(
        self,
        sources: "Sequence[Sequence[int]] | Rows",
        targets: "Sequence[Sequence[int]] | Rows",
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
        `dropped`. `count` makes an epoch of exactly this many batches, at most that many pairs, raising the budget by
        hundredths where it is too tight for that.
        """
        if len(sources) != len(targets):
            raise ValueError(f"sources ({len(sources):,}) and targets ({len(targets):,}) must be as many")
        sources, targets = Rows.of(sources), Rows.of(targets)
        fits = np.maximum(sources.lengths, targets.lengths) < max_length
        self.dropped = int((~fits).sum())
        """How many pairs were too long to be used."""
        if not fits.any():
            raise ValueError(f"none of {len(fits):,} pairs fits into max_length ({max_length}); raise it")
        self.pad, self.seed = pad, seed
        self.source_pad = pad if source_pad is None else source_pad
        source_end = eos if source_eos is None else source_eos
        self._sources = sources.marked(fits, end=source_end)
        self._targets = targets.marked(fits, begin=bos, end=eos)
        self._S = self._sources.lengths
        self._T = self._targets.lengths - 1  # what goes in; as much comes out, one token later
        groups = rectangles(self._S, self._T, budget=budget)
        self._groups = groups if count is None else self._fitted(groups, count, budget)

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self._groups)

    @property
    def pairs(self) -> int:
        """Pairs in an epoch."""
        return len(self._S)

    @property
    def padding_share(self) -> float:
        """The share of padding among the tokens of an epoch, both sides together."""
        cost = sum(len(rows) * int(self._S[rows].max() + self._T[rows].max()) for rows in self._groups)
        return 1 - float(self._S.sum() + self._T.sum()) / cost

    def batches(self, start: int = 0, every: int = 1) -> Iterator[Batch]:
        """Batch number `start` and every `every`-th that follows, epoch after epoch, without end."""
        drawn, groups = None, []
        for number in count(start, every):
            epoch, place = divmod(number, len(self))
            if epoch != drawn:
                drawn, groups = epoch, self._drawn(epoch)
            yield self._batch(groups[place])

    def fixed(self) -> list[Batch]:
        """Every pair once, in the same batches each time: what validation needs."""
        return [self._batch(rows) for rows in self._groups]

    def _drawn(self, epoch: int) -> list[NDArray[np.intp]]:
        """The groups in random order, after rows of equal lengths have changed places at random.

        Only lengths matter to a plan, so every epoch has the same, and batch n of a training is found by division.
        """
        rng = np.random.default_rng([self.seed, epoch])
        order = np.concatenate(self._groups)
        mixed = np.empty_like(order)
        mixed[np.lexsort((self._S[order], self._T[order]))] = np.lexsort((rng.random(self.pairs), self._S, self._T))
        groups = np.split(mixed, np.cumsum([len(rows) for rows in self._groups])[:-1])
        return [groups[i] for i in rng.permutation(len(self))]

    def _fitted(self, groups: list[NDArray[np.intp]], count: int, budget: int) -> list[NDArray[np.intp]]:
        """Fewer batches by a larger budget, more by cutting those in two that have most rows."""
        assert 1 <= count <= self.pairs, f"{self.pairs} pairs cannot make {count} batches"
        while len(groups) > count:
            budget += budget // 100 + 1
            groups = rectangles(self._S, self._T, budget=budget)
        while len(groups) < count:
            most = max(range(len(groups)), key=lambda i: len(groups[i]))
            groups[most : most + 1] = np.array_split(groups[most], 2)
        return groups

    def _batch(self, rows: NDArray[np.intp]) -> Batch:
        S, T = self._S[rows], self._T[rows]
        source = self._sources.take(rows, lengths=S, fill=self.source_pad)
        target_in = self._targets.take(rows, lengths=T, fill=self.pad)
        targets = self._targets.take(rows, lengths=T, fill=IGNORE, skip=1)
        mask = None if S.min() == S.max() else torch.from_numpy(np.arange(S.max()) < S[:, None])
        return Batch((source, target_in, mask), targets)


class Rows:
    """Rows of unequal length end to end in one array, so that a batch is one indexing and not a loop."""

    def __init__(self, ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> None:
        self._ids, self.lengths = ids, lengths
        self._starts = np.cumsum(lengths) - lengths

    @classmethod
    def of(cls, rows: "Sequence[Sequence[int]] | Rows") -> "Rows":
        """The rows as they are, or made of lists."""
        if isinstance(rows, Rows):
            return rows
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(np.fromiter(chain.from_iterable(rows), np.int32, int(lengths.sum())), lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def tokens(self) -> int:
        """How many ids all rows have."""
        return len(self._ids)

    def marked(self, keep: NDArray[np.bool_], *, end: int, begin: int | None = None) -> "Rows":
        """The rows to keep, each followed by the mark `end`, and with `begin` before it if there is one."""
        lengths = self.lengths[keep] + (1 if begin is None else 2)
        ends = np.cumsum(lengths)
        ids, own = np.empty(int(lengths.sum()), np.int32), np.ones(int(lengths.sum()), bool)
        marks = [(ends - 1, end)] if begin is None else [(ends - 1, end), (ends - lengths, begin)]
        for at, mark in marks:
            ids[at], own[at] = mark, False
        ids[own] = self._ids[np.repeat(keep, self.lengths)]
        return Rows(ids, lengths)

    def take(self, rows: NDArray[np.intp], *, lengths: NDArray[np.int64], fill: int, skip: int = 0) -> Tensor:
        """`lengths` ids of each row from its id number `skip` on, as int64 (B, longest), filled up with `fill`."""
        across = np.arange(lengths.max())
        at = (self._starts[rows] + skip)[:, None] + across
        ids = self._ids[np.minimum(at, len(self._ids) - 1)]
        return torch.from_numpy(np.where(across < lengths[:, None], ids, fill).astype(np.int64, copy=False))
