"""Give the modules of a model the classes that compute the same numbers sooner, or take them back."""

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
    """The same model, its modules of exactly these types turned into their quick subclasses.

    Objects, parameters, names, hooks and state dict stay what they are. Anybody's own subclass is left alone.
    """
    return _exchange(model, QUICK)


def plain(model: M) -> M:
    """The inverse of `quicken`: the same model, run by the very classes that `groundup.nn` shows."""
    return _exchange(model, PLAIN)


def _exchange(model: M, classes: dict[type[nn.Module], type[nn.Module]]) -> M:
    for module in model.modules():
        module.__class__ = classes.get(type(module), type(module))
    return model
