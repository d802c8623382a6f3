"""Beams in slots of one cache: continuing another hypothesis copies a row of booleans and not its cache.

All beams of a text share its cache. A step writes one slot for each beam, side by side, and each beam sees only the
slots of its own hypothesis. An example with a prompt of three tokens and two steps of two beams, which both continued
the first token of beam 0:

    slots    p p p | 0 1 | 0 1
    beam 0   x x x | x . | x .
    beam 1   x x x | x . | . x
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from groundup.decode.protocol import Decoder, State
from groundup.nn.cache import KVCache
from groundup.nn.masks import Mask, within


class Reader(Decoder, Protocol):
    """A decoder whose step has two halves: step(ids, state) = head(read(ids, state)[:, -1])."""

    def read(self, ids: Tensor, state: Any, /) -> Tensor: ...

    def head(self, x: Tensor, /) -> Tensor: ...


class Caching(State, Protocol):
    """A state whose caches several beams can share."""

    caches: Sequence[KVCache]
    memory: Sequence[tuple[Tensor, Tensor]]
    memory_mask: Mask


def repeated(model: Decoder, state: State, rows: Tensor, *, beams: int) -> tuple[Decoder, State]:
    """Return the model and state to use when each text becomes `beams` hypotheses. rows (B * beams,): 0 0 1 1 ...

    The beams share the text's cache if the model has `read` and `head`; otherwise every row is copied.
    """
    if getattr(model, "read", None) is not None and getattr(state, "caches", None):
        return InSlots(model), Slots(state, texts=len(rows) // beams, beams=beams, device=rows.device)  # type: ignore[arg-type]
    state.select(rows)
    return model, state


class InSlots:
    """Wrap a model so that its rows are the beams of texts whose state is `Slots`."""

    def __init__(self, model: Reader):
        self._model = model

    @property
    def training(self) -> bool:
        return self._model.training

    def step(self, ids: Tensor, state: "Slots", /) -> Tensor:
        """Read the new tokens ids (B * beams, T), one column at a time; logits (B * beams, V) of the next token."""
        x = None
        for column in ids.unbind(dim=1):
            state.open()
            x = self._model.read(column.view(-1, state.beams), state)  # (B, beams, C)
        assert x is not None, "a step reads at least one token"
        return self._model.head(x.flatten(0, 1))


class Slots:
    """A state in which the T = `beams` new tokens of a row are the next tokens of its beams."""

    def __init__(self, state: Caching, *, texts: int, beams: int, device: torch.device):
        self.caches, self.memory, self.memory_mask = state.caches, state.memory, state.memory_mask
        self.beams, self.length = beams, state.length
        self._depth = torch.arange(self.length, device=device)  # (slots,): the number of tokens before a slot's
        self._padding: Tensor | None = None  # (B,) on the left of each text
        seen = torch.ones(texts, self.length, dtype=torch.bool, device=device)
        if state.key_mask is not None:
            seen[:, : state.key_mask.shape[1]] = state.key_mask[:, : self.length]
            self._padding = (~seen).sum(dim=1)
        self._seen = seen[:, None].repeat(1, beams, 1)  # (B, beams, slots): True at the slots of a beam's hypothesis

    def open(self) -> None:
        """Add a slot for the next token of each beam."""
        own = torch.eye(self.beams, dtype=torch.bool, device=self._seen.device).expand(len(self._seen), -1, -1)
        self._seen = torch.cat([self._seen, own], dim=2)
        self._depth = torch.cat([self._depth, torch.full_like(self._depth[:1], self.length).expand(self.beams)])
        self.length += 1

    def end(self, ids: Tensor) -> int:
        """The number of tokens that each beam has read after ids."""
        return self.length

    def positions(self, ids: Tensor) -> Tensor:
        """Positions of the new tokens ids (B, beams): (beams,), or (B, beams) if texts are padded."""
        at = torch.full((self.beams,), self.length - 1, device=ids.device)
        return at if self._padding is None else at - self._padding[:, None]

    def mask(self, ids: Tensor, *, causal: bool, window: int | None = None) -> Mask:
        """Each beam sees the slots of its hypothesis, with its new one."""
        assert causal, "beams write from left to right"
        seen = self._seen
        if window is not None:
            near = within(self.length - 1 - self._depth, causal=causal, window=window)
            seen = seen & near
        return Mask(allowed=seen[:, None])  # (B, 1, beams, slots)

    def reorder(self, rows: Tensor) -> None:
        """Let row i continue the hypothesis of row rows[i] of the same text. rows (B * beams,)."""
        self._seen = self._seen.flatten(0, 1)[rows].unflatten(0, (-1, self.beams))

    def select(self, rows: Tensor) -> None:
        """The same, and whole texts may be dropped. rows (B' * beams,)."""
        texts = rows.view(-1, self.beams) // self.beams
        assert texts.eq(texts[:, :1]).all(), "the beams of a text stay together"
        texts = texts[:, 0]
        self.reorder(rows)
        if self._padding is not None:
            self._padding = self._padding[texts]
        for cache in self.caches:
            cache.reorder(texts)
        self.memory = [(k[texts], v[texts]) for k, v in self.memory]
        if self.memory_mask.allowed is not None:
            self.memory_mask = Mask(allowed=self.memory_mask.allowed[texts])
