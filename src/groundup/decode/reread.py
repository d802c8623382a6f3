"""Write with a model that only reads whole texts, ids (B, T) -> logits (B, T, V): each step reads all of it again.

So a model of any kind, recurrent or convolutional, can be asked for text. n tokens cost n passes over up to n tokens.
"""

from collections.abc import Callable

import torch
from torch import Tensor


class Read:
    """What has been read so far: the ids themselves, one row a text. A `decode.protocol.State`."""

    def __init__(self, key_mask: Tensor | None):
        self.ids: Tensor | None = None
        self.key_mask = key_mask

    @property
    def length(self) -> int:
        return 0 if self.ids is None else self.ids.shape[1]

    def add(self, ids: Tensor) -> Tensor:
        """All the ids (B, T), with these at their end."""
        self.ids = ids if self.ids is None else torch.cat([self.ids, ids], dim=1)
        return self.ids

    def select(self, rows: Tensor) -> None:
        self.ids = None if self.ids is None else self.ids[rows]
        self.key_mask = None if self.key_mask is None else self.key_mask[rows]

    reorder = select


class Rereading:
    """Mixed into the class of such a model: the two methods that decoding asks for."""

    __call__: Callable[..., Tensor]

    def begin(self, rows: int = 1, *, prompt_mask: Tensor | None = None) -> Read:
        """An empty state for so many texts; prompt_mask (B, T0) is False at the padding on the left of prompts."""
        return Read(prompt_mask)

    def step(self, ids: Tensor, state: Read) -> Tensor:
        """Read the new tokens ids (B, T); logits (B, V) of the one after them.

        The model is never shown padding, which it could not pass over: texts of one length are read together.
        """
        ids = state.add(ids)
        if state.key_mask is None:
            return self(ids)[:, -1]
        padding = (~state.key_mask.bool()).sum(dim=1)
        order, found = [], []
        for n in padding.unique().tolist():
            rows = (padding == n).nonzero()[:, 0]
            order.append(rows)
            found.append(self(ids[rows, n:])[:, -1])
        return torch.cat(found)[torch.cat(order).argsort()]
