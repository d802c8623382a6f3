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
        self.select_memory(rows)

    def select_memory(self, rows: Tensor) -> None:
        """Keep, repeat or drop what rows read of their sources. rows (B',)."""
        if self.memory is not None:
            self.memory = [(k[rows], v[rows]) for k, v in self.memory]
        if self.memory_mask.allowed is not None:
            self.memory_mask = Mask(allowed=self.memory_mask.allowed[rows])


@dataclass
class BeamState(State):
    """A state whose rows may be the beams of its texts: copies of every row that has read something share one cache.

    A step then writes a slot for each beam, side by side, and each beam looks only at the slots it goes through. So a
    hypothesis that goes on from another one costs a row of booleans, not a copy of keys and values, and all beams of a
    text read its source together.
    """

    beams: int = 1
    shared: int = 0
    """The slots that were there before there were beams."""
    seen: Tensor | None = None
    """(B, beams, slots) bool: True at the slots that a beam goes through; None while there are no beams."""

    @property
    def length(self) -> int:
        """Tokens already read."""
        return self.shared + (self.caches[0].length - self.shared) // self.beams

    def reorder(self, rows: Tensor) -> None:
        """Row i goes on from what row rows[i] was, within one source. rows (B * beams,)."""
        if self.seen is None:
            super().reorder(rows)
        else:
            self.seen = self.seen.flatten(0, 1)[rows].unflatten(0, (-1, self.beams))

    def select(self, rows: Tensor) -> None:
        """Keep, repeat or drop whole rows, memory included; of beams, whole texts. rows (B',)."""
        if self.seen is None:
            B = len(self.memory[0][0]) if self.memory and self.length else 0  # nothing read is nothing to share
            beams = len(rows) // max(1, B)
            if beams < 2 or not rows.equal(torch.arange(B, device=rows.device).repeat_interleave(beams)):
                super().select(rows)
                return
            self.beams, self.shared = beams, self.caches[0].length
            self.seen = torch.ones(B, beams, self.shared, dtype=torch.bool, device=rows.device)
            return
        texts = rows.view(-1, self.beams) // self.beams
        assert texts.eq(texts[:, :1]).all(), "the beams of a text stay together"
        self.reorder(rows)
        for cache in self.caches:
            cache.reorder(texts[:, 0])
        self.select_memory(texts[:, 0])

    def next_slots(self) -> Mask:
        """Each beam goes through the slot that it is about to write."""
        assert self.seen is not None
        own = torch.eye(self.beams, dtype=torch.bool, device=self.seen.device).expand(len(self.seen), -1, -1)
        self.seen = torch.cat([self.seen, own], dim=2)
        return Mask(allowed=self.seen[:, None])
