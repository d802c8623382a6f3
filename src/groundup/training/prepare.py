"""Make a model's step cheaper without changing its result: recomputation, a head in chunks, compilation."""

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from groundup.training.head import WithLoss, gives_loss
from groundup.training.micro import Data, shapes
from groundup.training.settings import CompileName

EARLIER, NOTHING = "_earlier", object()


def blocks(model: nn.Module) -> list[nn.Module]:
    """Return the repeated layers of a model: the modules with weights in its ModuleLists."""
    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    return [block for layers in lists for block in layers if any(True for _ in block.parameters())]


def recompute(model: nn.Module) -> None:
    """Let every block drop its activations and recompute them in the backward pass (Chen et al. 2016).

    Memory falls to one block's activations and the outputs of all blocks, for about a third more work. Random numbers
    are replayed, so gradients are the same bit for bit.
    """
    for block in blocks(model):
        _put(block, "forward", partial(_twice, block.forward))


def _twice(forward: Callable[..., Any], *args: Any, **options: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*args, **options)
    return checkpoint(forward, *args, use_reentrant=False, **options)


def chunk_head(model: nn.Module, rows: int) -> None:
    """Let the model compute the loss if it is given targets, with the logits of `rows` tokens at a time.

    Without targets it returns all logits, as before. Raises ValueError for a model without `hidden`.
    """
    if not hasattr(model, "hidden"):
        raise ValueError(
            f"chunk_head ({rows}) needs a model that gives its hidden states, and {type(model).__name__} does not; "
            "try chunk_head=None"
        )
    _put(model, "forward", WithLoss(model, rows))


def compiles(wanted: CompileName, device: torch.device, data: Data) -> tuple[bool, str]:
    """Return whether to compile, and the reason in words if a user may ask for it (else "").

    Every new shape costs another compilation, so `auto` compiles only on GPUs and only for batches of one shape.
    """
    if wanted != "auto":
        return wanted == "on", "compiled, as asked" if wanted == "on" else ""
    if device.type != "cuda":
        return False, ""
    if len(shapes(data)) > 1:
        return False, "not compiled: batches differ in shape"
    if importlib.util.find_spec("triton") is None:
        return False, "not compiled: triton is not installed"
    return True, "compiled, so the first step takes a while"


def compile_forward(model: nn.Module, *, by_block: bool) -> None:
    """Compile the model in place, so that weights keep their names. by_block: needed if weights are gathered by block.

    A head in chunks is not compiled: each chunk's backward pass runs before the next chunk, which cannot be traced.
    """
    if gives_loss(model) and not by_block:
        _put(model, "hidden", torch.compile(model.hidden))  # pyright: ignore[reportCallIssue, reportArgumentType]
        return
    for module in blocks(model) if by_block else [model]:
        _put(module, "_compiled_call_impl", None)
        module.compile()


def undo(model: nn.Module) -> None:
    """Undo every change made here, and nothing else: the instance may have had its own `hidden` or `forward`."""
    for module in model.modules():
        for name, earlier in vars(module).pop(EARLIER, {}).items():
            if earlier is NOTHING:
                vars(module).pop(name, None)
            else:
                vars(module)[name] = earlier


def _put(module: nn.Module, name: str, value: object) -> None:
    """Set an attribute of the instance for the time of a training, and remember the earlier value."""
    own = vars(module)
    own.setdefault(EARLIER, {}).setdefault(name, own.get(name, NOTHING))
    own[name] = value
