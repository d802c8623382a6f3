"""The input of a stack besides its ids: what was read before, what may be seen, and the tokens' positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from groundup.nn.cache import KVCache
from groundup.nn.masks import Mask, build_mask


@dataclass
class State:
    """The state of one batch of texts. `State()` is for texts read whole; with caches, a text is read in pieces.

    A stack asks it two questions: `positions` of the new tokens, and the `mask` over all of them.
    """

    caches: Sequence[KVCache] = ()
    """One cache for each block; empty if the text is read whole."""
    key_mask: Tensor | None = None
    """(B, T0), False or 0 at padding; all tokens read after T0 are real. None without padding."""
    documents: Tensor | None = None
    """(B, T) numbers of the documents in a row; a token sees only its own document. For texts read whole."""
    memory: Sequence[tuple[Tensor, Tensor]] = ()
    """Keys and values of the source for each block's cross-attention, computed once."""
    memory_mask: Mask = Mask()

    def __post_init__(self) -> None:
        if self.key_mask is not None:
            self.key_mask = self.key_mask.bool()

    @property
    def length(self) -> int:
        """The number of tokens read so far."""
        return self.caches[0].length if self.caches else 0

    def end(self, ids: Tensor) -> int:
        """The number of tokens read after ids (B, T)."""
        return self.length + ids.shape[1]

    def positions(self, ids: Tensor) -> Tensor:
        """Positions (T,) of the new tokens ids (B, T); (B, T) counted from each row's first real token if padded."""
        if self.key_mask is None:
            return torch.arange(self.length, self.end(ids), device=ids.device)
        return (self._real(self.key_mask, ids).cumsum(dim=1) - 1).clamp(min=0)[:, self.length :]

    def mask(self, ids: Tensor, *, causal: bool, window: int | None = None) -> Mask:
        """The mask that says what each of the new tokens ids (B, T) may look at."""
        key_mask = None if self.key_mask is None else self._real(self.key_mask, ids)
        build = partial(build_mask, key_mask=key_mask, documents=self.documents, device=ids.device)
        return build(ids.shape[1], self.length, causal=causal, window=window)

    def _real(self, key_mask: Tensor, ids: Tensor) -> Tensor:
        """(B, end): True at real tokens, also those of ids (B, T)."""
        later = key_mask.new_ones(len(key_mask), max(0, self.end(ids) - key_mask.shape[1]))
        return torch.cat([key_mask, later], dim=1)[:, : self.end(ids)]

    def reorder(self, rows: Tensor) -> None:
        """Let row i continue row rows[i] of the same source: caches move, the memory stays. rows (B,)."""
        for cache in self.caches:
            cache.reorder(rows)
        if self.key_mask is not None:
            self.key_mask = self.key_mask[rows]

    def select(self, rows: Tensor) -> None:
        """Keep, repeat or drop whole rows, with their memory. rows (B',)."""
        self.reorder(rows)
        self.memory = [(k[rows], v[rows]) for k, v in self.memory]
        if self.memory_mask.allowed is not None:
            self.memory_mask = Mask(allowed=self.memory_mask.allowed[rows])
