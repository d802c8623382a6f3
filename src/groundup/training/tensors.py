"""Convert a model and its optimizer to named tensors for a checkpoint's files, and load them back."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from groundup.records import LARGEST, parse_json, short
from groundup.training.muon import Muon
from groundup.training.optim import Together

Optimizer = torch.optim.Optimizer | Together
CURE = "use the recipe it was made with"


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors of a safetensors file, and its metadata. Raises ValueError if it is not such a file.

    The tensors are copied: safetensors maps the file into memory, so a later change of the file would change them.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name).clone() for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, ValueError, TypeError, KeyError, RuntimeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path}: not a file of weights ({' '.join(str(error).split())})") from None


def model_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Return the model's parameters and buffers by name. Tied weights have their first name only, for safetensors."""
    kept: dict[str, Tensor] = {}
    seen = set()
    for name, tensor in model.state_dict(keep_vars=True).items():
        if _place(tensor) not in seen:
            kept[name] = tensor.detach().contiguous()
            seen.add(_place(tensor))
    return kept


def load_model_tensors(model: nn.Module, tensors: dict[str, Tensor], *, file: str | Path) -> None:
    """Copy the tensors into the model. Raises ValueError, and copies nothing, unless `check_model_tensors` passes."""
    check_model_tensors(model, tensors, file=file)
    mine = model.state_dict(keep_vars=True)
    with torch.no_grad():
        for name, tensor in tensors.items():
            mine[name].copy_(tensor)


def check_model_tensors(model: nn.Module, tensors: dict[str, Tensor], *, file: str | Path) -> None:
    """Raise ValueError with file, tensor and difference unless names, shapes and number formats are the model's.

    A tied weight needs only one of its names.
    """
    mine = model.state_dict(keep_vars=True)
    given = {_place(mine[name]) for name in tensors if name in mine}
    for name, tensor in tensors.items():
        if name not in mine:
            raise ValueError(f"{file}: holds {name!r}, which this model does not have; {CURE}")
        _check_alike(tensor, mine[name], f"{file}: {name!r}", "the model's")
    for name, tensor in mine.items():
        if name not in tensors and _place(tensor) not in given:
            raise ValueError(f"{file}: {name!r} of shape {tuple(tensor.shape)} is missing; {CURE}")


def _check_alike(tensor: Tensor, mine: Tensor, what: str, whose: str) -> None:
    if tensor.shape != mine.shape:
        raise ValueError(f"{what} is {tuple(tensor.shape)}, {whose} is {tuple(mine.shape)}; {CURE}")
    if tensor.dtype != mine.dtype:
        raise ValueError(f"{what} is {_plain(tensor.dtype)}, {whose} is {_plain(mine.dtype)}; {CURE}")


def _plain(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _place(tensor: Tensor) -> tuple[Any, ...]:
    """Return a key that is equal for two names of one tensor only. An empty or sliced tensor equals only itself."""
    if not tensor.numel() or hasattr(tensor, "device_mesh"):
        return (id(tensor),)
    return tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype


def flatten_optimizer(state: dict[str, Any]) -> tuple[dict[str, Tensor], str]:
    """Split `optimizer.state_dict()` into tensors named "3.exp_avg" (of parameter 3) and JSON for everything else."""
    tensors, scalars = {}, {}
    for index, entries in state["state"].items():
        for key, value in entries.items():
            (tensors if isinstance(value, Tensor) else scalars)[f"{index}.{key}"] = value
    return tensors, json.dumps({"scalars": scalars, "groups": state["param_groups"]}, sort_keys=True)


def restore_optimizer(tensors: dict[str, Tensor], rest: str, *, file: str | Path) -> dict[str, Any]:
    """The inverse of `flatten_optimizer`, for `load_optimizer`. Raises ValueError for other input."""
    try:
        loaded = parse_json(rest)
        state: dict[int, dict[str, Any]] = {}
        for name, value in {**tensors, **loaded["scalars"]}.items():
            index, key = name.split(".", 1)
            state.setdefault(int(index), {})[key] = value
        return {"state": state, "param_groups": loaded["groups"]}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{file}: not the state of an optimizer ({error})") from None


def load_optimizer(optimizer: Optimizer, saved: dict[str, Any], *, file: str | Path) -> None:
    """Check everything, then call `optimizer.load_state_dict(saved)`. Fused kernels do not check shapes.

    Raises ValueError with file and entry if groups, names, shapes or number formats are from another optimizer. Options
    that say how to compute (fused, foreach, ...) stay as they are.
    """
    mine = optimizer.state_dict()["param_groups"]
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    saved = {"state": saved["state"], "param_groups": _checked_groups(saved["param_groups"], mine, file)}
    kinds = _entries(optimizer)
    for index, entries in saved["state"].items():
        if not 0 <= index < len(parameters):
            raise ValueError(f"{file}: holds the state of parameter {index}, and there are {len(parameters)}; {CURE}")
        if entries.keys() != kinds[index]:
            held, wanted = (", ".join(sorted(names)) or "nothing" for names in (entries, kinds[index]))
            raise ValueError(f"{file}: of parameter {index} it holds {held}, the optimizer needs {wanted}; {CURE}")
        for name, value in entries.items():
            like = torch.zeros((), dtype=torch.float32) if name == "step" else parameters[index]
            if not isinstance(value, Tensor):
                raise ValueError(f"{file}: '{index}.{name}' is {short(value)} and not a tensor; {CURE}")
            _check_alike(value, like, f"{file}: '{index}.{name}'", "the optimizer's")
    optimizer.load_state_dict(saved)


def _entries(optimizer: Optimizer) -> list[set[str]]:
    """Return the names of the tensors that the optimizer keeps for each parameter."""
    parts = getattr(optimizer, "parts", [optimizer])
    return [
        {"momentum_buffer"} if isinstance(part, Muon) else {"step", "exp_avg", "exp_avg_sq"}
        for part in parts
        for group in part.param_groups
        for _ in group["params"]
    ]


def _checked_groups(saved: Any, mine: list[dict[str, Any]], file: str | Path) -> list[dict[str, Any]]:
    """Return the optimizer's groups with the saved numbers. Raises ValueError if they are for other parameters."""
    if not isinstance(saved, list) or not all(isinstance(group, dict) for group in saved):
        raise ValueError(f"{file}: its groups of parameters are not a list of objects")
    if [group.get("params") for group in saved] != [group["params"] for group in mine]:
        raise ValueError(f"{file}: the optimizer saved is for other parameters; {CURE}")
    return [
        {name: _checked_number(name, group.get(name, value), value, file) for name, value in own.items()}
        for group, own in zip(saved, mine, strict=True)
    ]


def _checked_number(name: str, value: Any, own: Any, file: str | Path) -> Any:
    if name == "params" or isinstance(own, bool | None):
        return own
    values, wanted = (list(x) if isinstance(x, list | tuple) else [x] for x in (value, own))
    real = all(isinstance(x, int | float) and not isinstance(x, bool) and 0 <= x <= LARGEST for x in values)
    if len(values) != len(wanted) or not real:
        raise ValueError(f"{file}: {name} of the optimizer is {short(value)}, where it was {short(own)}; {CURE}")
    return value
