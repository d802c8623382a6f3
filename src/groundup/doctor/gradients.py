"""Parameters that the model, the loss or the optimizer does not know of."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from groundup.doctor.finding import Finding, Place
from groundup.doctor.patient import Patient
from groundup.doctor.stream import PRODUCTS
from groundup.doctor.tape import kind_of, memory, place, recording


def check_registered(patient: Patient) -> list[Finding]:
    """Modules and parameters in plain lists and dicts, and bare tensors that inputs are multiplied by."""
    model = patient.model
    modules, parameters = set(map(id, model.modules())), {id(p) for p in model.parameters()}
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if name.startswith("_"):
                continue
            lost = [one for one in _contents(value) if _is_lost(one, modules, parameters)]
            if lost:
                n = sum(p.numel() for one in lost for p in (one.parameters() if isinstance(one, nn.Module) else [one]))
                whole = f"{path}.{name}".strip(".")
                seen = f"`{whole}` is a plain {type(value).__name__}: its {n:,} numbers are not in model.parameters()"
                return [Finding("unregistered", seen, Place(**kind_of(model, path)))]
    return _bare(patient)


def _contents(value: Any, depth: int = 0) -> Iterator[Any]:
    if isinstance(value, nn.Module | Tensor):
        yield value
    elif depth < 3 and isinstance(value, list | tuple | set):
        for one in value:
            yield from _contents(one, depth + 1)
    elif depth < 3 and isinstance(value, dict):
        for one in value.values():
            yield from _contents(one, depth + 1)


def _is_lost(one: Any, modules: set[int], parameters: set[int]) -> bool:
    if isinstance(one, nn.ModuleList | nn.Sequential) and not list(one.parameters()):
        return False
    if isinstance(one, nn.Module):
        return id(one) not in modules and any(True for _ in one.parameters())
    return isinstance(one, Tensor) and one.requires_grad and one.is_leaf and id(one) not in parameters


def _bare(patient: Patient) -> list[Finding]:
    """Attributes that are plain tensors, and that something is multiplied by as by a weight."""
    model = patient.fresh()
    bare = {
        memory(value): (path, name)
        for path, module in model.named_modules()
        for name, value in vars(module).items()
        if isinstance(value, Tensor) and value.is_floating_point() and value.dim() >= 2 and not value.requires_grad
    }
    if not bare:
        return []
    with recording(model, keep=False) as tape:
        patient.logits(model, patient.inputs())
    for step in tape.steps:
        if step.name in PRODUCTS | {"embedding"}:
            for one in step.inputs:
                if memory(one) in bare and one.numel() > 1 and not _is_table(one):
                    path, name = bare[memory(one)]
                    seen = f"`{path}.{name}` is a bare tensor, and activations are multiplied by it as by a weight"
                    return [Finding("unregistered", seen.replace("`.", "`"), place(model, step))]
    return []


def _is_table(tensor: Tensor) -> bool:
    """Whether it is a mask or another table of few values, rather than random weights."""
    return len(tensor.unique()) < min(tensor.numel(), 16)


def check_ties(patient: Patient) -> list[Finding]:
    """An embedding and a head that are equal but not one parameter, or that the source ties and the model does not."""
    from groundup.doctor.source import ties

    model = patient.model
    tables = {n: m.weight for n, m in model.named_modules() if isinstance(m, nn.Embedding)}
    heads = {n: m.weight for n, m in model.named_modules() if isinstance(m, nn.Linear)}
    for table, a in tables.items():
        for head, b in heads.items():
            if a is not b and a.shape == b.shape and torch.equal(a, b) and float(a.detach().std()) > 0:
                how = (
                    "share their memory but are two parameters" if memory(a) == memory(b) else "start equal but are two"
                )
                seen = f"`{head}.weight` and `{table}.weight` {how}; training moves them apart"
                return [Finding("tie", seen, place(model, None, module=head), severity="wrong")]
    shared = len(list(model.named_parameters(remove_duplicate=False))) > len(list(model.parameters()))
    executed = {type(m).__name__ for m in model.modules()}
    for line, kind, text in ties(patient.source):
        if not shared and kind in executed:
            kinds = {type(m).__name__: n for n, m in model.named_modules()}
            where = Place(file=patient.name, line=line, source=text, **kind_of(model, kinds[kind]))
            return [Finding("tie", "no parameter of the model has two names, so this line has been undone", where)]
    return []


def check_optimizer(patient: Patient) -> list[Finding]:
    """The optimizer holds the model's parameters, all of them, and no others."""
    if not patient.has("optimizer"):
        return []
    model = patient.fresh(training=True)
    optimizer = patient.run("optimizer(model)", patient.given["optimizer"], model)
    many = optimizer if isinstance(optimizer, tuple | list) else [optimizer]
    groups = [group for one in many for group in getattr(one, "param_groups", [])]
    if not groups:
        return []
    held = {id(p) for group in groups for p in group["params"]}
    own = {id(p): name for name, p in model.named_parameters()}
    where = Place(file=patient.name if patient.file else None, **kind_of(model, ""))
    if held and not held & own.keys():
        return [Finding("stale", f"none of its {len(held)} parameters is one of the model's {len(own)}", where)]
    missing = [name for i, name in own.items() if i not in held and dict(model.named_parameters())[name].requires_grad]
    if missing:
        n = sum(p.numel() for name, p in model.named_parameters() if name in missing)
        more = "" if len(missing) < 4 else f" and {len(missing) - 3} more"
        seen = f"{len(missing)} of {len(own)} parameters ({n:,} numbers) are not in it: {', '.join(missing[:3])}{more}"
        where = place(model, None, module=missing[0].rpartition(".")[0])
        return [Finding("not-optimized", seen, where)]
    return []
