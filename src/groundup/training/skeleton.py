"""Models without storage: a rank builds one of these when another rank will send it its slices."""

import copy

import torch
from torch import nn

from groundup.training import launch
from groundup.training.settings import ParallelName


def initial_device(parallel: ParallelName) -> torch.device:
    """The device to build a model for `fit` on: under fsdp "meta" (no storage) on all ranks but 0, otherwise "cpu"."""
    elsewhere = launch.chosen(parallel) == "fsdp" and launch.rank() > 0
    return torch.device("meta" if elsewhere else "cpu")


def skeleton(model: nn.Module) -> nn.Module:
    """Copy the modules to the device "meta"; tied weights stay tied."""
    bare: dict[int, nn.Parameter | torch.Tensor] = {
        id(parameter): nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)
        for parameter in model.parameters()
    }
    bare |= {id(buffer): torch.empty_like(buffer, device="meta") for buffer in model.buffers()}
    return copy.deepcopy(model, bare)  # the second argument maps an id to its finished copy
