"""A running mean of the weights. It varies less than the weights of one step, which depend on the last batches.

Vaswani et al. 2017, section 6.1, average the last five checkpoints. An exponential mean has the same effect, does not
need five checkpoints, and can be evaluated at every validation.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from groundup.training.tensors import model_tensors


class WeightAverage:
    """After every step n: mean += share * (weights - mean), share = max(1 / steps, 9 / (9 + n)).

    The mean covers about the last `steps` steps. Early in the run it covers fewer, so that the untrained weights are
    forgotten.
    """

    def __init__(self, model: nn.Module, steps: int):
        self.model = model
        self.parameters = list(model.parameters())
        self.steps = steps
        self.mean = self._copies()

    def restart(self) -> None:
        """Set the mean to the model's current weights."""
        self.mean = self._copies()

    def update(self, n: int) -> None:
        """Add the weights after step n to the mean."""
        with torch.no_grad():
            for mean, parameter in zip(self.mean, self.parameters, strict=True):
                mean.lerp_(parameter, max(1 / self.steps, 9 / (9 + n)))

    @contextmanager
    def in_place(self) -> Iterator[dict[str, torch.Tensor] | None]:
        """Use the mean as weights inside the `with`. Yields the model's own weights by name, then restores them."""
        by_name = {name: tensor.clone() for name, tensor in model_tensors(self.model).items()}
        own = self._copies()
        self._put(self.mean)
        try:
            yield by_name
        finally:
            self._put(own)

    def _copies(self) -> list[torch.Tensor]:
        return [parameter.detach().clone() for parameter in self.parameters]

    def _put(self, tensors: list[torch.Tensor]) -> None:
        with torch.no_grad():
            for parameter, tensor in zip(self.parameters, tensors, strict=True):
                parameter.copy_(tensor)


class NoAverage:
    """The same methods as `WeightAverage` without an average: validation uses the current weights."""

    def restart(self) -> None:
        pass

    def update(self, n: int) -> None:
        pass

    @contextmanager
    def in_place(self) -> Iterator[dict[str, torch.Tensor] | None]:
        yield None
