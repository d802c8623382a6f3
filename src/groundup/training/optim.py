"""Optimizers: AdamW for all weights, or Muon for the matrices of the layers and AdamW for the rest."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from groundup.training.muon import Muon
from groundup.training.settings import TrainSettings
from groundup.training.team import Solo


def from_settings(
    model: nn.Module, settings: TrainSettings, team: Solo | None = None
) -> "torch.optim.Optimizer | Together":
    """Build the optimizer that the settings name for the model's parameters, whole or sliced over the `team`."""
    betas, decay = (0.9, settings.beta2), settings.weight_decay
    if settings.optimizer == "adamw":
        return adamw(model, lr=settings.lr, betas=betas, weight_decay=decay)
    matrices = layer_matrices(model)
    muon = Muon(matrices, settings.matrix_lr, momentum=0.95, weight_decay=decay, team=team)
    for group in muon.param_groups:
        group["share"] = settings.matrix_lr / settings.lr
    return Together(muon, adamw(model, lr=settings.lr, betas=betas, weight_decay=decay, but=matrices))


def layer_matrices(model: nn.Module) -> list[Tensor]:
    """Return the matrices inside the model's repeated layers, which Muon trains: no embedding, no head.

    Raises ValueError for a model without layers.
    """
    layers = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    linears = [module for layer in layers for module in layer.modules() if isinstance(module, nn.Linear)]
    matrices = list(dict.fromkeys(linear.weight for linear in linears if linear.weight.requires_grad))
    if not matrices:
        raise ValueError("muon trains the matrices of a model's layers, and this model has none; use optimizer=adamw")
    return matrices


class Together:
    """Several optimizers that step together. Their state is saved and loaded as if they were one optimizer."""

    def __init__(self, *parts: torch.optim.Optimizer):
        self.parts = parts

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for part in self.parts for group in part.param_groups]

    def step(self) -> None:
        for part in self.parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """Return one state. Parameter numbers of the second optimizer continue after those of the first."""
        state, groups = {}, []
        for before, part in zip(self._before(), (part.state_dict() for part in self.parts), strict=False):
            state |= {before + i: entries for i, entries in part["state"].items()}
            groups += [group | {"params": [before + i for i in group["params"]]} for group in part["param_groups"]]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Load a state from `state_dict`. Raises ValueError if its groups are not those of these optimizers."""
        groups = saved["param_groups"]
        if [len(group["params"]) for group in groups] != [len(group["params"]) for group in self.param_groups]:
            raise ValueError("the optimizer saved is for other parameters; resume with the optimizer it was saved with")
        starts = self._before()
        for part, before, end in zip(self.parts, starts, starts[1:], strict=False):
            mine, groups = groups[: len(part.param_groups)], groups[len(part.param_groups) :]
            part.load_state_dict(
                {
                    "state": {i - before: entries for i, entries in saved["state"].items() if before <= i < end},
                    "param_groups": [group | {"params": [i - before for i in group["params"]]} for group in mine],
                }
            )

    def _before(self) -> list[int]:
        """Return the number of parameters before each optimizer's first one, and the total."""
        sizes = (sum(len(group["params"]) for group in part.param_groups) for part in self.parts)
        return list(accumulate(sizes, initial=0))


def parameter_groups(model: nn.Module, weight_decay: float, but: Sequence[Tensor] = ()) -> list[dict[str, Any]]:
    """Return two groups: matrices and embeddings with weight decay; biases and gains without. Tied weights appear once.

    but: parameters to leave out, because another optimizer trains them.

    Decay pulls products towards zero. Decaying a bias or a norm's gain only hurts. GPT-1 makes the same distinction
    (Radford et al. 2018, section 4.1).
    """
    others = {id(p) for p in but}
    parameters = [p for p in model.parameters() if p.requires_grad and id(p) not in others]
    return [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]


def forget_others(model: nn.Module, optimizer: torch.optim.Optimizer | Together) -> None:
    """Drop gradients of parameters that the optimizer does not hold, so that they do not count in the clipped norm."""
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    for p in model.parameters():
        if p.grad is not None and id(p) not in held:
            p.grad = None


def adamw(
    model: nn.Module,
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.95),
    eps: float = 1e-8,
    weight_decay: float = 0.1,
    but: Sequence[Tensor] = (),
) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019) for the model's parameters, except those in `but`.

    It uses one fused kernel if the device has it (three times as fast on a CPU).
    """
    groups = parameter_groups(model, weight_decay, but)
    devices = {p.device.type for group in groups for p in group["params"]}
    fused = devices <= {"cpu", "cuda", "mps"}
    return torch.optim.AdamW(groups, lr=lr, betas=betas, eps=eps, fused=fused)
