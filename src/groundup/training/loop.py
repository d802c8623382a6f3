"""The training loop: a generator that takes one optimizer step and yields what happened, so that logging, validating
and saving are the caller's own `for` loop and nothing is hidden in callbacks."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from groundup.training.loss import IGNORE, cross_entropy
from groundup.training.optim import Together, adamw
from groundup.training.precision import Precision, choose_precision
from groundup.training.schedule import Schedule, constant


class Batch(Protocol):
    """What the loop asks of a batch: `model(*inputs)` are logits (B, T, V), `targets` (B, T) has IGNORE for padding."""

    @property
    def inputs(self) -> tuple[Tensor | None, ...]: ...
    @property
    def targets(self) -> Tensor: ...


@dataclass(frozen=True)
class Step:
    """One optimizer step that was taken."""

    n: int
    """Its number, from 1."""
    loss: float
    """What was minimised, in nats a token (label smoothing included)."""
    lr: float
    """Of every parameter group without a "share" of its own (Muon's matrices have one)."""
    grad_norm: float
    """Norm of the whole gradient before clipping."""
    tokens: int
    """Target tokens in this step."""
    seconds: float
    """What this step took, without what the caller did since the last one."""
    progress: float
    """Share of the run that is over after it, 0 .. 1."""

    def __str__(self) -> str:
        speed = self.tokens / max(self.seconds, 1e-9)
        pace = f"{speed / 1000:.0f}k" if speed >= 9950 else f"{speed / 1000:.1f}k" if speed >= 1000 else f"{speed:.0f}"
        return f"step {self.n}  loss {self.loss:.3f}  lr {self.lr:.1e}  grad {self.grad_norm:.2f}  {pace} tok/s"


def train(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    steps: int | None = None,
    max_seconds: float | None = None,
    lr: Schedule | Callable[[int, float], float] | float = 3e-4,
    weight_decay: float = 0.1,
    betas: tuple[float, float] = (0.9, 0.95),
    clip: float | None = 1.0,
    smoothing: float = 0.0,
    accumulate: int = 1,
    precision: Precision | None = None,
    seed: int = 0,
    start: int = 0,
    optimizer: torch.optim.Optimizer | Together | None = None,
    elapsed: float = 0.0,
) -> Iterator[Step]:
    """Train until `steps` are taken or `max_seconds` of wall time are over, whichever comes first; yields each Step.

    A step takes `accumulate` batches and divides by all their target tokens, so it equals one large batch. To resume,
    give `start` (steps already taken), `elapsed` (seconds already used), the loaded optimizer, and batches that begin
    where the last run stopped: dropout's randomness is made from (seed, n) at every step, so nothing else is needed.
    Torch's global seed is set at every step. ValueError where the bounds, the schedule or the batches do not fit;
    FloatingPointError where loss or gradient is not finite, before the weights are touched.
    """
    if steps is None and max_seconds is None:
        raise ValueError("a training needs an end; give steps, max_seconds or both")
    for name, bound in (("steps", steps), ("max_seconds", max_seconds), ("accumulate", accumulate)):
        if bound is not None and not bound > 0:
            raise ValueError(f"{name} ({bound:g}) must be above 0")
    schedule = constant(lr) if isinstance(lr, int | float) else lr
    if isinstance(schedule, Schedule) and steps is not None and schedule.warmup > steps:
        raise ValueError(f"warmup ({schedule.warmup} steps) is longer than the run ({steps} steps); try {steps // 10}")
    device = next(model.parameters()).device
    precision = precision or choose_precision(device)
    optimizer = optimizer or adamw(model, lr=schedule(1, 0.0), betas=betas, weight_decay=weight_decay)
    began = time.perf_counter() - elapsed

    def share(done: int) -> float:
        by_steps = done / steps if steps is not None else 0.0
        by_time = (time.perf_counter() - began) / max_seconds if max_seconds is not None else 0.0
        return min(1.0, max(by_steps, by_time))

    stream, n = iter(batches), start
    while (progress := share(n)) < 1:
        n, clock = n + 1, time.perf_counter()
        micro = list(islice(stream, accumulate))
        if len(micro) < accumulate:
            raise ValueError(f"the batches ended in step {n}; give more of them, or steps={n - 1}")
        rate = schedule(n, progress)
        for group in optimizer.param_groups:
            group["lr"] = rate * group.get("share", 1.0)
        torch.manual_seed(_step_seed(seed, n))
        optimizer.zero_grad(set_to_none=True)
        loss, tokens = _backward(model.train(), micro, device, precision, smoothing, n)
        loss, grad_norm = _clip(model, loss, clip, n)
        optimizer.step()
        yield Step(n, loss, rate, grad_norm, tokens, time.perf_counter() - clock, share(n))


def _step_seed(seed: int, n: int) -> int:
    """One 32-bit seed for (seed, n): torch's CPU generator looks at no more than 32 bits."""
    return (seed * 1_000_003 + n) % 2**32


def _backward(
    model: nn.Module, micro: Sequence[Batch], device: torch.device, precision: Precision, smoothing: float, n: int
) -> tuple[Tensor, int]:
    """Gradients of the mean loss over all target tokens of the micro-batches; returns that loss and the tokens."""
    tokens = sum(int((batch.targets != IGNORE).sum()) for batch in micro)
    if tokens == 0:
        raise ValueError(f"step {n} has nothing to learn: all of its targets are {IGNORE}")
    total = torch.zeros((), device=device)
    for batch in micro:
        loss = _forward(model, batch, device, precision, smoothing) / tokens
        loss.backward()
        total += loss.detach()
    return total, tokens


def _forward(model: nn.Module, batch: Batch, device: torch.device, precision: Precision, smoothing: float) -> Tensor:
    inputs = [None if x is None else x.to(device, non_blocking=True) for x in batch.inputs]
    with precision.autocast():
        logits = model(*inputs)
    return cross_entropy(logits, batch.targets.to(device, non_blocking=True), smoothing=smoothing)[0]


def _clip(model: nn.Module, loss: Tensor, clip: float | None, n: int) -> tuple[float, float]:
    """Scale the gradients down to norm `clip`; returns loss and norm as numbers: the one wait for the device."""
    parameters = [p for p in model.parameters() if p.grad is not None]
    norm = get_total_norm([p.grad for p in parameters if p.grad is not None])
    loss_value, norm_value = torch.stack([loss, norm]).tolist()
    if not (math.isfinite(loss_value) and math.isfinite(norm_value)):
        raise FloatingPointError(
            f"step {n}: the loss is {loss_value:g} and its gradient's norm {norm_value:g}; "
            "try a lower learning rate or a longer warm-up"
        )
    if clip is not None and norm_value > clip:
        clip_grads_with_norm_(parameters, clip, norm)
    return loss_value, norm_value


def validate(model: nn.Module, batches: Iterable[Batch], precision: Precision | None = None) -> float:
    """Mean loss in nats a token over the batches, every token counted alike, without dropout and smoothing."""
    device = next(model.parameters()).device
    precision = precision or choose_precision(device)
    total, tokens, was_training = 0.0, 0, model.training
    model.eval()
    try:
        with torch.inference_mode():
            for batch in batches:
                total += _forward(model, batch, device, precision, 0.0).item()
                tokens += int((batch.targets != IGNORE).sum())
    finally:
        model.train(was_training)
    if tokens == 0:
        raise ValueError("there is nothing to validate on: no batch has a target")
    return total / tokens
