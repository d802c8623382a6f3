"""Cross-entropy over a vocabulary, with label smoothing (Vaswani et al. 2017, section 5.4).

loss = -sum_v q_v log p_v,   q = (1 - smoothing) * one_hot(target) + smoothing / V,   p = softmax(logits)
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from groundup.batch import IGNORE

# Logits are the largest tensor in a small model's step. On a CPU they are processed in pieces of this many numbers,
# which stay in the processor's cache; a GPU processes them all at once.
PIECE = 2**18


def cross_entropy_plainly(logits: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """The formula above, written out; `cross_entropy` must give the same result."""
    learn = targets != IGNORE
    log_p = torch.log_softmax(logits.float(), dim=-1)
    of_target = log_p.gather(-1, targets.masked_fill(~learn, 0)[..., None])[..., 0]
    losses = -(1 - smoothing) * of_target - smoothing * log_p.mean(dim=-1)
    return losses[learn].sum(), learn.sum()


def cross_entropy(logits: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """The summed loss in nats over the targets that are not IGNORE, and the number of those targets.

    logits (B, T, V) of any float type, targets (B, T) int64 -> (), (). The sums are in float32.
    """
    assert logits.shape[:-1] == targets.shape, f"logits {tuple(logits.shape)} for targets {tuple(targets.shape)}"
    flat = targets.reshape(-1)
    loss = _CrossEntropy.apply(logits.reshape(len(flat), -1), flat, smoothing)
    return loss, (flat != IGNORE).sum()  # pyright: ignore[reportReturnType]


class _CrossEntropy(torch.autograd.Function):
    """Loss and gradient in one pass: each piece of logits is read from memory once and its gradient written once.

    The gradient, (softmax - q) at each position, needs nothing from later operations. So it is computed in the forward
    pass, and neither a float32 copy of bf16 logits nor the log-probabilities are kept.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        rows, V = logits.shape
        piece = max(1, PIECE // V) if logits.device.type == "cpu" else max(1, rows)
        learn = targets != IGNORE
        targets = targets.masked_fill(~learn, 0)
        gradient = torch.empty_like(logits) if ctx.needs_input_grad[0] else None
        total = torch.zeros((), device=logits.device)
        for at in range(0, rows, piece):
            here = slice(at, at + piece)
            z, target, weight = logits[here], targets[here, None], learn[here].float()
            p = torch.softmax(z, dim=-1, dtype=torch.float32)
            # The largest p is 1 / sum(exp(z - max z)), so no second exponential is needed.
            losses = z.amax(dim=1).float() - p.amax(dim=1).log()  # log(sum(exp(z)))
            losses -= (1 - smoothing) * z.gather(1, target)[:, 0].float()
            if smoothing:
                losses -= smoothing * z.mean(dim=1, dtype=torch.float32)
            total += losses.dot(weight)
            if gradient is not None:
                if smoothing:
                    p -= smoothing / V
                p.scatter_add_(1, target, torch.full_like(target, smoothing - 1, dtype=torch.float32))
                torch.mul(p, weight[:, None], out=gradient[here])
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(upstream), None, None
