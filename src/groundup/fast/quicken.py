"""Give the modules of a model the classes that compute the same numbers faster, or undo this."""

from typing import TypeVar

from torch import nn

from groundup.fast.attend import QuickAttend
from groundup.fast.dropout import QuickDropout
from groundup.fast.gelu import QuickGELU
from groundup.fast.linear import QuickAttention, QuickGatedMLP, QuickLinear
from groundup.fast.norms import QuickRMSNorm
from groundup.nn.attend import Attend
from groundup.nn.attention import Attention
from groundup.nn.mlp import GatedMLP
from groundup.nn.norms import RMSNorm

M = TypeVar("M", bound=nn.Module)

QUICK: dict[type[nn.Module], type[nn.Module]] = {
    Attend: QuickAttend,
    Attention: QuickAttention,
    GatedMLP: QuickGatedMLP,
    RMSNorm: QuickRMSNorm,
    nn.Dropout: QuickDropout,
    nn.GELU: QuickGELU,
    nn.Linear: QuickLinear,
}
PLAIN = {quick: plain for plain, quick in QUICK.items()}


def quicken(model: M) -> M:
    """Turn the model's modules of exactly these types into their fast subclasses, in place, and return the model.

    Objects, parameters, names, hooks and state dict do not change. A user's own subclass is not touched.
    """
    return _exchange(model, QUICK)


def plain(model: M) -> M:
    """The inverse of `quicken`: the model runs the classes of `groundup.nn` again."""
    return _exchange(model, PLAIN)


def _exchange(model: M, classes: dict[type[nn.Module], type[nn.Module]]) -> M:
    for module in model.modules():
        module.__class__ = classes.get(type(module), type(module))
    return model
