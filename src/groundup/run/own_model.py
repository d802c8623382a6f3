"""What a recipe's own `model(config)` gave, made fit for everything that a run does with a model, or refused."""

from typing import Any

import torch
from torch import Tensor, nn

from groundup.config import ModelConfig
from groundup.decode.reread import Rereading
from groundup.recipes.recipe import Recipe


def fitted(model: Any, recipe: Recipe, where: str) -> nn.Module:
    """The model, with its `config`, and with `begin` and `step` where a language model has none (`decode.reread`).

    ValueError, which begins with `where`, for what is no module, cannot be decoded, or does not give logits (B, T, V).
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"{where} gave a {type(model).__name__}, not a torch.nn.Module")
    kind, config = type(model), recipe.model
    if lacking := [name for name in ("begin", "step") if not hasattr(model, name)]:
        if config.encoder_layers is not None:
            raise ValueError(
                f"{where} gave a {kind.__name__} without {' and '.join(lacking)}, and without them a translator cannot "
                "answer; return a gu.Seq2Seq(config) with parts of yours in it, or write these methods as it has them"
            )
        mixed: Any = type(kind.__name__, (Rereading, kind), {"__module__": kind.__module__})
        model.__class__ = mixed
    if not isinstance(getattr(model, "config", config), ModelConfig):
        raise ValueError(f"{where}: {kind.__name__}.config must be the gu.ModelConfig; leave it out, and it is set")
    model.config = getattr(model, "config", config)  # type: ignore[assignment]
    _check_logits(model, recipe, where)
    return model


def _check_logits(model: nn.Module, recipe: Recipe, where: str) -> None:
    """ValueError unless two tokens give logits (1, 2, V); not tried on a model without storage."""
    if any(parameter.is_meta for parameter in model.parameters()):
        return
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    ids = torch.zeros(1, 2, dtype=torch.long, device=device)
    documents = [None, ids] if getattr(recipe.data, "document_mask", False) else []
    inputs = [ids, *documents] if recipe.model.encoder_layers is None else [ids, ids]
    modes = {module: module.training for module in model.modules()}
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        logits = model.eval()(*inputs)
    for module, training in modes.items():
        module.training = training
    found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if found != (wanted := (1, 2, recipe.model.vocab_size)):
        raise ValueError(f"{where}: two tokens must give logits {wanted}, not {found}")
