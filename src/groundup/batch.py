"""A training batch: what data gives and training takes. The two packages know each other by this file alone."""

from typing import NamedTuple, Protocol

from torch import Tensor

IGNORE = -100
"""The target where there is nothing to learn: what `torch.nn.functional.cross_entropy` passes over."""


class Batch(NamedTuple):
    """What one training step needs."""

    inputs: tuple[Tensor | None, ...]
    """What the model is called with: model(*inputs) -> logits (B, T, V)."""
    targets: Tensor
    """(B, T) int64, IGNORE where there is nothing to learn."""


class BatchLike(Protocol):
    """What training asks of a batch: a `Batch`, or anything with these two."""

    @property
    def inputs(self) -> tuple[Tensor | None, ...]: ...
    @property
    def targets(self) -> Tensor: ...
