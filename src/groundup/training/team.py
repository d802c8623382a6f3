"""The interface between a training and its processes, for a single process. `distributed` has several processes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")


class Solo:
    """A single process: no method exchanges anything."""

    rank, size, sharded = 0, 1, False

    def __init__(self, device: torch.device | None = None):
        self.device = device or torch.device("cpu")

    @property
    def main(self) -> bool:
        """Whether this is rank 0, which prints, validates and writes."""
        return self.rank == 0

    def described(self) -> str:
        """Return a description of the devices."""
        return str(self.device)

    def local_model(self, model: nn.Module) -> nn.Module:
        """Return the model that this rank trains, on this rank's device: the model itself, or its slices."""
        return model.to(self.device)

    def wrap(self, model: nn.Module) -> nn.Module:
        """Wrap the model for the forward pass, so that gradients become the mean over all ranks."""
        return model

    def last(self, model: nn.Module, is_last: bool) -> AbstractContextManager[Any]:
        """Return a context for one micro-batch: gradients are exchanged only with the last one of a step."""
        return nullcontext()

    def sum(self, *numbers: float) -> list[float]:
        """Sum each number over the ranks. The result has the same bits on all of them."""
        return list(numbers)

    def any(self, flag: bool) -> bool:
        """Whether the flag is true on any rank."""
        return self.sum(float(flag))[0] > 0

    def gather(self, value: T) -> list[T]:
        """Return every rank's value, in the order of ranks."""
        return [value]

    def from_main(self, make: Callable[[], T]) -> T:
        """Call `make` on rank 0 only, and return its result on all ranks. If it raises, all ranks raise."""
        return make()

    def on_all(self, make: Callable[[], T]) -> list[T]:
        """Call `make` on every rank, and return all results in the order of ranks. If one raises, all ranks raise."""
        return [make()]

    def whole(self, tensor: Tensor) -> Tensor:
        """Return the whole tensor, gathered from all ranks."""
        return tensor

    def piece(self, tensor: Tensor) -> Tensor:
        """Return this rank's slice of the tensor."""
        return tensor

    def like(self, whole: Tensor, model: Tensor) -> Tensor:
        """Slice `whole` as `model` is sliced."""
        return whole

    @contextmanager
    def whole_model(self, trained: nn.Module, model: nn.Module) -> Iterator[bool]:
        """Put the trained weights into rank 0's model inside the `with`. Yields whether it fits on the device."""
        yield True

    def leave(self) -> None:
        """End the exchange between ranks: all ranks but 0 exit here without error."""
