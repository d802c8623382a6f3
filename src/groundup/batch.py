"""A training batch, which `data` makes and `training` takes. The two packages share this file only."""

from typing import NamedTuple, Protocol

from torch import Tensor

IGNORE = -100
"""The target of a position without a loss; `torch.nn.functional.cross_entropy` ignores it."""


class Batch(NamedTuple):
    """The inputs and targets of one training step."""

    inputs: tuple[Tensor | None, ...]
    """The arguments of the model: model(*inputs) -> logits (B, T, V)."""
    targets: Tensor
    """(B, T) int64, IGNORE at positions without a loss."""


class BatchLike(Protocol):
    """The batches that training accepts: a `Batch`, or any object with these two properties."""

    @property
    def inputs(self) -> tuple[Tensor | None, ...]: ...
    @property
    def targets(self) -> Tensor: ...
