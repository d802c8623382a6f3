"""Tokens of some pieces, and the places of the source that they come from."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundup.data.documents import Piece


class Place(NamedTuple):
    """Where a shard begins in the source."""

    file: int = 0
    number: int = 0
    """Of the piece within the file."""
    tokens: int = 0
    """How many of that piece's tokens the shards before have taken."""


class Encoded(NamedTuple):
    """Tokens of some pieces."""

    pieces: list[Piece]
    ids: NDArray[Any]
    bounds: NDArray[np.int64]
    """Where the ids of each piece begin, and where those of the last end."""

    def without(self, count: int) -> "Encoded":
        """The same without its first ids, which have been written before."""
        return Encoded(self.pieces, self.ids[count:], self.bounds - count)

    def place(self, at: int) -> Place:
        """The place of ids[at], or that behind the last piece."""
        index = int(np.searchsorted(self.bounds, at, side="right")) - 1
        if index < len(self.pieces):
            return Place(self.pieces[index].file, self.pieces[index].number, at - int(self.bounds[index]))
        return Place(self.pieces[-1].file, self.pieces[-1].number + 1)

    def documents(self, first: int, end: int) -> int:
        """How many begin in ids[first:end]."""
        starts = zip(self.pieces, self.bounds[:-1].tolist(), strict=True)
        return sum(piece.begins and first <= start < end for piece, start in starts)
