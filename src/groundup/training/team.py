"""What a training asks of the processes it runs on; here of the only one. `distributed` has those that are several."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")


class Solo:
    """The only process: every question has its trivial answer."""

    rank, size, sharded = 0, 1, False

    def __init__(self, device: torch.device | None = None):
        self.device = device or torch.device("cpu")

    @property
    def main(self) -> bool:
        """Whether this is the rank that prints, judges and writes."""
        return self.rank == 0

    def described(self) -> str:
        """What is computed on, in words."""
        return str(self.device)

    def own(self, model: nn.Module) -> nn.Module:
        """What is trained here in the model's place, on this rank's device."""
        return model.to(self.device)

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model to run forward, so that gradients become the mean over all ranks."""
        return model

    def last(self, model: nn.Module, is_last: bool) -> AbstractContextManager[Any]:
        """A context for one micro-batch: gradients travel only with the last one of a step."""
        return nullcontext()

    def sum(self, *numbers: float) -> list[float]:
        """Each number summed over the ranks, the same bits on all of them."""
        return list(numbers)

    def any(self, flag: bool) -> bool:
        """Whether it is so on some rank."""
        return self.sum(float(flag))[0] > 0

    def gather(self, value: T) -> list[T]:
        """Every rank's value, by rank."""
        return [value]

    def from_main(self, make: Callable[[], T]) -> T:
        """What `make` returns, or raises, on rank 0: there alone it is called, the others wait."""
        return make()

    def on_all(self, make: Callable[[], T]) -> list[T]:
        """What `make` returns on every rank, by rank; what it raises on one of them, all of them raise."""
        return [make()]

    def whole(self, tensor: Tensor) -> Tensor:
        """The tensor with the slices of all ranks."""
        return tensor

    def piece(self, tensor: Tensor) -> Tensor:
        """What of it lies here."""
        return tensor

    def like(self, whole: Tensor, model: Tensor) -> Tensor:
        """`whole`, cut as `model` is."""
        return whole

    @contextmanager
    def at_home(self, trained: nn.Module, model: nn.Module) -> Iterator[bool]:
        """Within it the caller's model has the trained weights, on rank 0; and whether it fits on the device there."""
        yield True

    def leave(self) -> None:
        """Where a training is over: all ranks but the first end here, without error, and nothing is exchanged again."""
