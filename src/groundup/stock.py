"""Check that a model is exactly what its config describes. Only then can a file with the config represent it."""

from torch import nn

from groundup.build import on_meta
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

NAMED = 3
"""How many parts an error message names."""


def check_stock(model: nn.Module, purpose: str) -> None:
    """Raise ValueError if the model has parts that a model built from its config would not have.

    purpose: what the model can then not be used for, as an infinitive.
    """
    if not isinstance(model, CausalLM | Seq2Seq):
        raise ValueError(f"{type(model).__name__} is neither a CausalLM nor a Seq2Seq, so there is no way {purpose}")
    fresh = on_meta(model.config)
    here, there = dict(model.named_modules()), dict(fresh.named_modules())
    own = [
        f"{name or 'the model'} ({type(here[name]).__module__}.{type(here[name]).__qualname__})"
        for name in here
        if name not in there or not _same(here[name], there[name])
    ]
    own += [f"{name} (missing)" for name in there if name not in here]
    states = [{name: tuple(tensor.shape) for name, tensor in one.state_dict().items()} for one in (model, fresh)]
    own += [f"{name} {shape}" for name, shape in states[0].items() if states[1].get(name) != shape and not own]
    if own:
        more = f" and {len(own) - NAMED} more" if len(own) > NAMED else ""
        raise ValueError(
            f"the model has parts that its config does not describe: {', '.join(own[:NAMED])}{more}; there is no way "
            f"{purpose} without changing what it computes"
        )


def _same(mine: nn.Module, theirs: nn.Module) -> bool:
    """Whether both have one class, or a class of this package and its fast subclass, and `forward` is unchanged."""
    if "forward" in vars(mine):
        return False
    one, other = type(mine), type(theirs)
    known = all(cls.__module__.startswith(("groundup.", "torch.nn.")) for cls in (one, other))
    return one is other or (known and (issubclass(one, other) or issubclass(other, one)))
