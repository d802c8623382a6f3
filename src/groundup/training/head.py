"""Head and loss together, a few rows of hidden states at a time, so that all logits are never held at once.

The logits of 64 x 1,024 tokens over 50,304 entries are 6.6 GB in bfloat16, and cross-entropy needs their gradient and
float32 beside them. A loss is a sum over rows, so each chunk of rows can go forward and back by itself, at once: what
stays is one gradient of the hidden states and one of the head's weights. No product is made twice.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from groundup.training.loss import cross_entropy


def head_loss_plainly(x: Tensor, weight: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """The summed loss from all logits: what `head_loss` must equal, its gradients too."""
    return cross_entropy(F.linear(x, weight), targets, smoothing=smoothing)[0]


def head_loss(
    x: Tensor,
    weight: Tensor,
    targets: Tensor,
    *,
    rows: int,
    smoothing: float = 0.0,
) -> Tensor:
    """The summed loss in nats over the targets that are not IGNORE, `rows` of them at a time; float32.

    x (B, T, C) hidden states, weight (V, C) the head's, targets (B, T) -> ().
    """
    flat, targets = x.reshape(-1, x.shape[-1]), targets.reshape(-1)
    if torch.is_grad_enabled():
        return _HeadLoss.apply(flat, weight, targets, rows, smoothing)  # pyright: ignore[reportReturnType]
    chunks = zip(flat.split(rows), targets.split(rows), strict=True)
    return torch.stack([head_loss_plainly(x, weight, t, smoothing=smoothing) for x, t in chunks]).sum()


class _HeadLoss(torch.autograd.Function):
    """Each chunk's backward pass follows its forward pass, on copies of the leaves that no hook watches."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        targets: Tensor,
        rows: int,
        smoothing: float,
    ) -> Tensor:
        weight = weight.detach().requires_grad_()
        chunks = [chunk.detach().requires_grad_() for chunk in x.split(rows)]
        total = torch.zeros((), device=x.device)
        with torch.enable_grad():
            for chunk, target in zip(chunks, targets.split(rows), strict=True):
                loss = head_loss_plainly(chunk, weight, target, smoothing=smoothing)
                loss.backward()
                total += loss.detach()
        ctx.save_for_backward(torch.cat([chunk.grad for chunk in chunks]), weight.grad)  # pyright: ignore
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weight = ctx.saved_tensors
        return x.mul_(upstream), weight.mul_(upstream), None, None, None


class WithLoss:
    """The forward pass of a model with `hidden` and `head`, which goes on to the loss if it is given targets.

    It stands in the place of the model's own, so that whatever watches that one (the hooks of DistributedDataParallel
    and fully_shard, which gathers the head's weights only within it) watches the loss too.
    """

    def __init__(self, model: nn.Module, rows: int):
        self.model: Any = model
        self.logits, self.rows = model.forward, rows

    def __call__(self, *inputs: Tensor | None, targets: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        if targets is None:
            return self.logits(*inputs)
        x, weight = self.model.hidden(*inputs), self.model.head.weight
        return head_loss(x, weight, targets, rows=self.rows, smoothing=smoothing)


def gives_loss(model: nn.Module) -> bool:
    """Whether `model(*inputs, targets=..., smoothing=...)` is a loss; seen through DistributedDataParallel."""
    inner = getattr(model, "module", model)
    return isinstance(vars(inner).get("forward"), WithLoss)
