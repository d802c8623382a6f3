"""How a model of unknown make is called: what it may draw is seeded, and what it returns is searched for logits."""

import inspect
import random
import sys
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor


def seed_all(seed: int) -> None:
    """Seed whatever a model may draw from."""
    torch.manual_seed(seed)
    random.seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed)


def tensor_of(out: Any) -> Tensor | None:
    """A tensor, the first one of a tuple, or `.logits`."""
    if isinstance(out, Tensor):
        return out
    if isinstance(getattr(out, "logits", None), Tensor):
        return out.logits
    if isinstance(out, Mapping):
        return tensor_of(out.get("logits", next(iter(out.values()), None)))
    if isinstance(out, tuple | list):
        tensors = [one for one in out if isinstance(one, Tensor)]
        return next((one for one in tensors if one.dim() == 3), tensors[0] if tensors else None)
    return None


FEW, MANY = 4, 1024


def smaller(batch: Any) -> Any:
    """The first rows of a batch of more than MANY tokens, where all its tensors agree about how many rows there are."""
    tensors = [one for one in _leaves(batch) if isinstance(one, Tensor) and one.dim()]
    rows = {len(one) for one in tensors}
    if len(rows) != 1 or min(rows) <= FEW or max(one.numel() for one in tensors) <= MANY:
        return batch
    return _cut(batch)


def _leaves(batch: Any) -> list[Any]:
    if isinstance(batch, Mapping):
        return [leaf for one in batch.values() for leaf in _leaves(one)]
    if type(batch) in (tuple, list):
        return [leaf for one in batch for leaf in _leaves(one)]
    return [batch]


def _cut(batch: Any) -> Any:
    if isinstance(batch, Tensor):
        return batch[:FEW] if batch.dim() else batch
    if type(batch) is dict:
        return {name: _cut(one) for name, one in batch.items()}
    return type(batch)(_cut(one) for one in batch) if type(batch) in (tuple, list) else batch


def required(function: Callable[..., Any], *, everything: bool = False) -> int:
    """How many positional arguments a function needs, or can take."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    taken = [p for p in inspect.signature(function).parameters.values() if p.kind in kinds]
    return len([p for p in taken if everything or p.default is p.empty])
