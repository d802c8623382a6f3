"""Models without numbers: what a process builds that will be handed its slices by another one."""

import copy

import torch
from torch import nn

from groundup.training import launch
from groundup.training.settings import ParallelName


def place_of_birth(parallel: ParallelName) -> torch.device:
    """Where to build a model for `fit`: "meta", which has no storage, on every rank under fsdp but the first."""
    elsewhere = launch.chosen(parallel) == "fsdp" and launch.rank() > 0
    return torch.device("meta" if elsewhere else "cpu")


def skeleton(model: nn.Module) -> nn.Module:
    """The same modules on "meta", tied weights tied."""
    bare: dict[int, nn.Parameter | torch.Tensor] = {
        id(parameter): nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)
        for parameter in model.parameters()
    }
    bare |= {id(buffer): torch.empty_like(buffer, device="meta") for buffer in model.buffers()}
    return copy.deepcopy(model, bare)  # which takes from there what it has copied already
