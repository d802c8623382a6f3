"""Muon (Jordan et al. 2024): momentum whose direction is made orthogonal, for the matrices inside a model's layers.

    B <- m B + (1 - m) G                      the running mean of the gradients
    O = U V^T of (1 - m) G + m B = U S V^T    the step is equally long in every direction
    W <- (1 - lr * decay) W - lr * sqrt(max(1, rows / columns)) * O

The orthogonal factor comes from five Newton-Schulz iterations in bfloat16. They bring singular values to about
0.7 .. 1.2; values that are tiny compared with the largest stay below that.
This is `torch.optim.Muon`, but the iterations of all matrices of one shape run as one batch: on two cores a step takes
10 ms instead of 18 for the 24 matrices of four layers of width 128; from width 512 on both take the same time.

The direction of a matrix needs all of its rows. If ranks hold slices, each rank gathers every matrix, computes the same
direction, and keeps its slice of it. This is correct and simple, but not the least traffic.
"""

# pyright: reportPrivateImportUsage=false
# The _foreach functions have an underscore, but every optimizer of PyTorch uses them.

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from groundup.training.team import Solo

QUINTIC = (3.4445, -4.775, 2.0315)  # Jordan's coefficients: steepest at zero, so that five iterations are enough
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Muon trains matrices (rows, columns) only; AdamW trains embeddings, heads and vectors."""

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float,
        *,
        momentum: float,
        weight_decay: float,
        team: Solo | None = None,
    ):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._team = team or Solo()
        shapes = [tuple(p.shape) for group in self.param_groups for p in group["params"]]
        assert all(len(shape) == 2 for shape in shapes), f"Muon is for matrices, not for {shapes}"

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take one step for every matrix that has a gradient."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is not None:
                    alike[p.shape].append(p)
            for (rows, columns), matrices in alike.items():
                directions = orthogonal(self._mean_gradients(matrices, group["momentum"])).to(matrices[0].dtype)
                cut = [self._team.like(direction, p) for direction, p in zip(directions, matrices, strict=True)]
                torch._foreach_mul_(matrices, 1 - group["lr"] * group["weight_decay"])
                length = group["lr"] * max(1, rows / columns) ** 0.5
                torch._foreach_add_(matrices, cut, alpha=-length)

    def _mean_gradients(self, matrices: list[Tensor], momentum: float) -> Tensor:
        """Update the running means and return them with Nesterov's look-ahead, (n, rows, columns)."""
        for p in matrices:
            if "momentum_buffer" not in self.state[p]:
                self.state[p]["momentum_buffer"] = torch.zeros_like(p)
        means = [self.state[p]["momentum_buffer"] for p in matrices]
        gradients = [p.grad for p in matrices if p.grad is not None]
        torch._foreach_lerp_(means, gradients, 1 - momentum)
        ahead = torch._foreach_lerp(gradients, means, momentum)
        return torch.stack([self._team.whole(x) for x in ahead])


def orthogonal(x: Tensor) -> Tensor:
    """Approximate U V^T of each matrix U S V^T in x (n, rows, columns), in bfloat16."""
    a, b, c = QUINTIC
    wide = x.shape[1] <= x.shape[2]
    x = (x if wide else x.mT).bfloat16()
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)  # no singular value above 1
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if wide else x.mT
