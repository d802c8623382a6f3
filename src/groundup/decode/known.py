"""Ids without a token: a vocabulary padded to a round number, or another's model with rows to spare."""

import copy
from collections.abc import Collection, Iterable
from typing import Any, Self

import torch
from torch import Tensor

from groundup.decode.protocol import Decoder


class Known:
    """A model that gives the tokens it has, and no other id, all of the probability: for sampling and beams alike.

    tokens are the ids that are text; every other column of the logits becomes -inf.
    """

    def __init__(self, model: Decoder, tokens: Collection[int], *, vocab_size: int, device: torch.device):
        if (last := max(tokens)) >= vocab_size:
            raise ValueError(
                f"the tokenizer has a token {last}, the model only {vocab_size}; they do not belong together"
            )
        self._model = model
        self._unknown = torch.ones(vocab_size, dtype=torch.bool)
        self._unknown[list(tokens)] = False
        self._unknown = self._unknown.to(device)

    @property
    def training(self) -> bool:
        return self._model.training

    def by(self, model: Decoder) -> Self:
        """The same tokens, said by another model of this size."""
        other = copy.copy(self)
        other._model = model
        return other

    def modules(self) -> Iterable[object]:
        """The model's own: weights are packed through it (`fast.linear.packed`)."""
        return getattr(self._model, "modules", tuple)()

    def step(self, ids: Tensor, state: Any, /) -> Tensor:
        """As the model's own."""
        return self.only(self._model.step(ids, state))

    @property
    def read(self) -> Any:
        """The model's own, where it has one (`groundup.decode.slots`)."""
        return getattr(self._model, "read", None)

    def head(self, x: Tensor, /) -> Tensor:
        """As the model's own."""
        return self.only(self._model.head(x))  # type: ignore[attr-defined]

    def only(self, logits: Tensor) -> Tensor:
        """Logits (..., V) without the ids that are no tokens."""
        return logits.masked_fill(self._unknown, -torch.inf)
