"""The running mean of the weights: steadier than the weights of any one step, which the last batches push about.

Vaswani et al. 2017, section 6.1, average the last five checkpoints; an exponential mean does the same without keeping
five of them, and can be judged at every validation.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from groundup.training.tensors import model_tensors


class WeightAverage:
    """mean += share * (weights - mean) after every step, share = max(1 / steps, 9 / (9 + n)).

    So it looks back over about `steps` steps, and at first over fewer, lest it remember the untrained weights.
    """

    def __init__(self, model: nn.Module, steps: int):
        self.model = model
        self.parameters = list(model.parameters())
        self.steps = steps
        self.mean = self._copies()

    def restart(self) -> None:
        """Take the model's present weights for the mean."""
        self.mean = self._copies()

    def update(self, n: int) -> None:
        """Take in the weights after step n."""
        with torch.no_grad():
            for mean, parameter in zip(self.mean, self.parameters, strict=True):
                mean.lerp_(parameter, max(1 / self.steps, 9 / (9 + n)))

    @contextmanager
    def in_place(self) -> Iterator[dict[str, torch.Tensor] | None]:
        """The model has the mean for weights inside the `with`, which gets its own by name, and its own after it."""
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


class LastWeights:
    """What stands in a `WeightAverage`'s place where none is wanted: the weights are judged as they are."""

    def restart(self) -> None:
        pass

    def update(self, n: int) -> None:
        pass

    @contextmanager
    def in_place(self) -> Iterator[dict[str, torch.Tensor] | None]:
        yield None
