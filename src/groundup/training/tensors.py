"""What goes into a checkpoint's files and back: the tensors of a model and of its optimizer, under plain names."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def model_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The model's parameters and buffers by name; of tied weights only the first name, as safetensors wants it."""
    kept: dict[str, Tensor] = {}
    seen = set()
    for name, tensor in model.state_dict(keep_vars=True).items():
        if _place(tensor) not in seen:
            kept[name] = tensor.detach().contiguous()
            seen.add(_place(tensor))
    return kept


def load_model_tensors(model: nn.Module, tensors: dict[str, Tensor], *, file: str | Path) -> None:
    """Copy the tensors into the model; ValueError naming file, tensor and both shapes where they do not fit.

    Nothing is copied unless everything fits. A tied weight is complete when one of its names is there.
    """
    mine = model.state_dict(keep_vars=True)
    given = {_place(mine[name]) for name in tensors if name in mine}
    for name in tensors:
        if name not in mine:
            raise ValueError(f"{file}: holds {name!r}, which this model does not have; use the recipe it was made with")
        if tensors[name].shape != mine[name].shape:
            raise ValueError(
                f"{file}: {name!r} is {tuple(tensors[name].shape)}, the model's is {tuple(mine[name].shape)}; "
                "use the recipe it was made with"
            )
    for name, tensor in mine.items():
        if name not in tensors and _place(tensor) not in given:
            raise ValueError(
                f"{file}: {name!r} of shape {tuple(tensor.shape)} is missing; use the recipe it was made with"
            )
    with torch.no_grad():
        for name, tensor in tensors.items():
            mine[name].copy_(tensor)


def _place(tensor: Tensor) -> tuple[Any, ...]:
    """The same for two names of one tensor only; what is empty, or sliced across ranks, is only itself."""
    if not tensor.numel() or hasattr(tensor, "device_mesh"):
        return (id(tensor),)
    return tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype


def flatten_optimizer(state: dict[str, Any]) -> tuple[dict[str, Tensor], str]:
    """`optimizer.state_dict()` as tensors named "3.exp_avg" (parameter 3's) and JSON for everything else."""
    tensors, scalars = {}, {}
    for index, entries in state["state"].items():
        for key, value in entries.items():
            (tensors if isinstance(value, Tensor) else scalars)[f"{index}.{key}"] = value
    return tensors, json.dumps({"scalars": scalars, "groups": state["param_groups"]}, sort_keys=True)


def restore_optimizer(tensors: dict[str, Tensor], rest: str) -> dict[str, Any]:
    """The inverse of `flatten_optimizer`, for `optimizer.load_state_dict`."""
    loaded = json.loads(rest)
    state: dict[int, dict[str, Any]] = {}
    for name, value in {**tensors, **loaded["scalars"]}.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    return {"state": state, "param_groups": loaded["groups"]}
