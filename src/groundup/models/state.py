"""What decoding carries from one token to the next: the caches, and what the text is allowed to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from groundup.nn.cache import KVCache
from groundup.nn.masks import Mask


@dataclass
class State:
    """One running batch of texts. Models make it with `begin` and lengthen it with `step`."""

    caches: list[KVCache]
    prompt_mask: Tensor | None = None
    """(B, T0) bool, False at the padding on the left of shorter prompts."""
    memory: Sequence[tuple[Tensor, Tensor]] | None = None
    """Cross keys and values of each block, made once from the source."""
    memory_mask: Mask = Mask()

    @property
    def length(self) -> int:
        """Tokens already read."""
        return self.caches[0].length

    def key_mask(self, T: int) -> Tensor | None:
        """(B, length + T): the prompt's padding stays hidden, everything after it is real."""
        if self.prompt_mask is None:
            return None
        B, T0 = self.prompt_mask.shape
        later = self.prompt_mask.new_ones(B, max(0, self.length + T - T0))
        return torch.cat([self.prompt_mask, later], dim=1)[:, : self.length + T]

    def positions(self, T: int) -> Tensor | None:
        """(B, T) positions of the next T tokens, counted from each row's first real one; None when all rows agree."""
        mask = self.key_mask(T)
        return None if mask is None else (mask.cumsum(dim=1) - 1).clamp(min=0)[:, self.length :]

    def reorder(self, rows: Tensor) -> None:
        """Row i goes on from what row rows[i] was, within one source: caches move, the memory stays. rows (B,)."""
        for cache in self.caches:
            cache.reorder(rows)
        if self.prompt_mask is not None:
            self.prompt_mask = self.prompt_mask[rows]

    def select(self, rows: Tensor) -> None:
        """Keep, repeat or drop whole rows, memory included. rows (B',)."""
        self.reorder(rows)
        if self.memory is not None:
            self.memory = [(k[rows], v[rows]) for k, v in self.memory]
        if self.memory_mask.allowed is not None:
            self.memory_mask = Mask(allowed=self.memory_mask.allowed[rows])
