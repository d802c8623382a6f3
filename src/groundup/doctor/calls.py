"""How a model of unknown make is called: what it may draw is seeded, and what it returns is searched for logits."""

import random
import sys
from collections.abc import Mapping
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
