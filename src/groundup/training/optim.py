"""AdamW (Loshchilov & Hutter 2019) with weight decay on matrices only."""

from typing import Any

import torch
from torch import nn


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices and embeddings, which decay, and the rest (biases, gains), which do not; tied weights stand once.

    Decay pulls products towards zero. A bias or a norm's gain multiplies nothing large, and decaying it only hurts;
    GPT-2 and GPT-3 draw the same line (Brown et al. 2020, appendix B).
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]


def adamw(
    model: nn.Module,
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.95),
    eps: float = 1e-8,
    weight_decay: float = 0.1,
) -> torch.optim.AdamW:
    """AdamW over the model's parameters, as one fused kernel where the device has it (on a CPU three times as fast)."""
    groups = parameter_groups(model, weight_decay)
    devices = {p.device.type for group in groups for p in group["params"]}
    fused = devices <= {"cpu", "cuda", "mps"}
    return torch.optim.AdamW(groups, lr=lr, betas=betas, eps=eps, fused=fused)
