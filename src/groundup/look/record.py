"""Record attention weights (Vaswani et al. 2017, section 3.2.1) without touching the model.

`Attend` has no parameters, and all attention happens in it. So a forward hook on each `Attend` gets the same q, k and
mask as the kernel. The weights are computed a second time from them; the model's own results stay bit-identical, and a
model that is not recorded pays nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.nn.attend import Attend, attention_weights
from groundup.nn.masks import Mask

Maps = dict[str, list[Tensor]]
"""Layer name, such as "decoder.blocks.0.cross" -> one (B, H, T, S) float32 tensor on the CPU for each call."""


@contextmanager
def record_attention(model: nn.Module, *, layers: str | Sequence[str] | None = None) -> Iterator[Maps]:
    """Keep the attention weights of every call of the model inside the `with` block.

    layers: names or patterns ("*.cross", "encoder.*"); None means all. Cached decoding calls each layer once for every
    step: `join_steps` joins them. Beam search reorders rows between steps; to look at its result, call the model once
    on the finished text. A compiled model runs uncompiled inside the block. A subclass of `Attend` with its own
    `forward` is recorded by its method weights(q, k, mask) -> (B, H, T, S). Raises ValueError if it has no such method,
    or if a pattern matches no layer.
    """
    found = {_layer_name(path): module for path, module in model.named_modules() if isinstance(module, Attend)}
    patterns = ["*"] if layers is None else [layers] if isinstance(layers, str) else layers
    names = {name for pattern in patterns for name in _matching(pattern, found)}
    maps: Maps = {name: [] for name in found if name in names}
    with ExitStack() as hooks:
        for name, kept in maps.items():
            hooks.enter_context(found[name].register_forward_hook(_keep_in(kept, _weights(name, found[name]))))
        # Compiled code skips hooks that were added after it was compiled.
        hooks.enter_context(torch.compiler.set_stance("force_eager"))
        yield maps


def join_steps(steps: Sequence[Tensor]) -> Tensor:
    """Join the steps of cached decoding to one map, with zeros for keys that did not exist yet.

    Shapes: each step (B, H, T_i, S_i) -> (B, H, sum of T_i, max of S_i). Raises ValueError if B changed.
    """
    if not steps:
        raise ValueError("nothing was recorded: call the model inside `with record_attention(model) as maps`")
    if len({step.shape[:2] for step in steps}) > 1:
        rows = sorted({step.shape[0] for step in steps})
        raise ValueError(f"the steps have different numbers of rows {rows}; record one text, or one call of the model")
    S = max(step.shape[3] for step in steps)
    return torch.cat([F.pad(step, (0, S - step.shape[3])) for step in steps], dim=2)


def layer_weights(maps: Maps, pattern: str, *, row: int = 0) -> Tensor:
    """Return the joined maps of one batch row in all layers whose name matches the pattern: (L, H, T, S), in order."""
    layers = {name: join_steps(maps[name])[row] for name in _matching(pattern, maps)}
    if len({weights.shape for weights in layers.values()}) > 1:
        shapes = ", ".join(f"{name} {tuple(weights.shape)}" for name, weights in layers.items())
        raise ValueError(f"{pattern!r} names layers of several shapes: {shapes}; name one kind, such as '*.cross'")
    return torch.stack([*layers.values()])


def _matching(pattern: str, names: Iterable[str]) -> list[str]:
    fitting = [name for name in names if fnmatchcase(name, pattern)]
    if not fitting:
        raise ValueError(f"no attention layer is named {pattern!r}; there are {', '.join(names) or 'none'}")
    return fitting


def _layer_name(path: str) -> str:
    """Return the module path of the layer, without the name of its `Attend` and without what `torch.compile` adds."""
    return path.replace("_orig_mod.", "").removesuffix("attend").removesuffix(".")


def _weights(name: str, attend: Attend) -> Callable[[Tensor, Tensor, Mask], Tensor]:
    """Return the function that computes a module's weights: its own method, or the equation of this package."""
    if (own := getattr(attend, "weights", None)) is not None:
        return own
    if not type(attend).forward.__module__.startswith("groundup."):
        raise ValueError(
            f"{name} has its own attention ({type(attend).__qualname__}), so its weights are not known; "
            "give it a method weights(q, k, mask) -> (B, H, T, S)"
        )
    return attention_weights


def _keep_in(
    kept: list[Tensor], weights: Callable[[Tensor, Tensor, Mask], Tensor]
) -> Callable[[nn.Module, tuple[Tensor, Tensor, Tensor, Mask], Tensor], None]:
    def hook(module: nn.Module, inputs: tuple[Tensor, Tensor, Tensor, Mask], output: Tensor) -> None:
        q, k, _, mask = inputs
        with torch.no_grad(), torch.autocast(q.device.type, enabled=False):
            kept.append(weights(q.float(), k.float(), mask).cpu())

    return hook
