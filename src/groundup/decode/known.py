"""Handle ids without a token: in a vocabulary padded to a round number, or in a model with more rows than tokens."""

import copy
from collections.abc import Collection, Iterable
from typing import Any, Self

import torch
from torch import Tensor

from groundup.decode.protocol import Decoder


class Known:
    """Wrap a model so that ids without a token have probability 0, for sampling and beams.

    tokens: the ids that are text. All other columns of the logits become -inf.
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
        """Return the same wrapper around another model of this size."""
        other = copy.copy(self)
        other._model = model
        return other

    def modules(self) -> Iterable[object]:
        """The model's own modules: weights are packed through them (`fast.linear.packed`)."""
        return getattr(self._model, "modules", tuple)()

    def step(self, ids: Tensor, state: Any, /) -> Tensor:
        """As the model's own."""
        return self.only(self._model.step(ids, state))

    @property
    def read(self) -> Any:
        """The model's own method, if it has one (`groundup.decode.slots`)."""
        return getattr(self._model, "read", None)

    def head(self, x: Tensor, /) -> Tensor:
        """As the model's own."""
        return self.only(self._model.head(x))  # type: ignore[attr-defined]

    def only(self, logits: Tensor) -> Tensor:
        """Set the logits (..., V) of ids without a token to -inf."""
        return logits.masked_fill(self._unknown, -torch.inf)
