"""Whether a model is what its config says, part by part: only then does the config stand for it in a file."""

from torch import nn

from groundup.build import on_meta
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

NAMED = 3
"""How many parts a message names."""


def check_stock(model: nn.Module, purpose: str) -> None:
    """ValueError where the model has parts of one's own, which whatever is built from its config would not have.

    purpose: what the model cannot be used for then, as an infinitive.
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
    """The same class, or one of this package and its fast twin, which computes the same; with its own `forward`."""
    if "forward" in vars(mine):
        return False
    one, other = type(mine), type(theirs)
    known = all(cls.__module__.startswith(("groundup.", "torch.nn.")) for cls in (one, other))
    return one is other or (known and (issubclass(one, other) or issubclass(other, one)))
