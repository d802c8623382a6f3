"""Head and loss together, a few rows of hidden states at a time, so that all logits are never in memory at once.

The logits of 64 x 1,024 tokens over 50,304 entries are 6.6 GB in bfloat16, and cross-entropy also needs their gradient
and a float32 copy. A loss is a sum over rows, so each chunk of rows can go forward and backward by itself. Only the
gradients of the hidden states and of the head's weights are kept. No product is computed twice.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from groundup.fast.products import product
from groundup.training.loss import cross_entropy


def head_loss_plainly(x: Tensor, weight: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """The summed loss from all logits. `head_loss` must give the same loss and the same gradients."""
    return cross_entropy(product(x, weight), targets, smoothing=smoothing)[0]


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
    """Run each chunk's backward pass right after its forward pass, on detached copies that have no hooks."""

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
    """The forward pass of a model with `hidden` and `head`, which returns the loss if it is given targets.

    It replaces the model's own `forward`. So the hooks of DistributedDataParallel and fully_shard also cover the loss;
    fully_shard gathers the head's weights only inside `forward`.
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
    """Whether `model(*inputs, targets=..., smoothing=...)` returns a loss. Looks inside DistributedDataParallel."""
    inner = getattr(model, "module", model)
    return isinstance(vars(inner).get("forward"), WithLoss)
