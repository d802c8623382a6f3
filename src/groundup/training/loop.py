"""The training loop: a generator that takes one optimizer step and yields what happened.

So the caller logs, validates and saves in its own `for` loop, and nothing is hidden in callbacks.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from groundup.batch import IGNORE, Batch, BatchLike
from groundup.machine import keep_memory
from groundup.training.head import gives_loss
from groundup.training.loss import cross_entropy
from groundup.training.optim import Together, adamw, forget_others
from groundup.training.precision import Precision, choose_precision
from groundup.training.schedule import Schedule, constant
from groundup.training.team import Solo

Loss = Callable[[nn.Module, Batch], Tensor]
"""loss(model, batch) -> mean loss per target token, a tensor of one number."""


@dataclass(frozen=True)
class Step:
    """One optimizer step, of all ranks together."""

    n: int
    """The number of this step, from 1."""
    loss: float
    """The loss that was minimised, in nats per token (label smoothing included)."""
    lr: float
    """The learning rate of every parameter group without a "share" (Muon's matrices have one)."""
    grad_norm: float
    """The norm of the whole gradient before clipping."""
    tokens: int
    """The number of target tokens in this step."""
    seconds: float
    """The time of this step, without the caller's work between two steps."""
    progress: float
    """The share of the run that is over after this step, 0 .. 1."""
    skipped: str | None = None
    """Why the step was skipped: what in its loss or gradient was not finite, and where."""

    def __str__(self) -> str:
        speed = self.tokens / max(self.seconds, 1e-9)
        pace = f"{speed / 1000:.0f}k" if speed >= 9950 else f"{speed / 1000:.1f}k" if speed >= 1000 else f"{speed:.0f}"
        return f"step {self.n}  loss {self.loss:.3f}  lr {self.lr:.1e}  grad {self.grad_norm:.2f}  {pace} tok/s"


def train(
    model: nn.Module,
    batches: Iterable[BatchLike],
    *,
    steps: int | None = None,
    max_seconds: float | None = None,
    lr: Schedule | Callable[[int, float], float] | float | None = None,
    weight_decay: float = 0.1,
    betas: tuple[float, float] = (0.9, 0.95),
    clip: float | None = 1.0,
    smoothing: float = 0.0,
    accumulate: int = 1,
    precision: Precision | str | None = None,
    seed: int = 0,
    start: int = 0,
    first: int | None = None,
    optimizer: torch.optim.Optimizer | Together | None = None,
    elapsed: float = 0.0,
    skip: int = 0,
    team: Solo | None = None,
    loss: Loss | None = None,
) -> Iterator[Step]:
    """Train until `steps` are taken or `max_seconds` of wall time are over, whichever is first. Yields each Step.

    lr: a rate, a schedule, or a function of (step, progress). None is 3e-4, or the rates of the `optimizer` you pass.
    If given, it is the rate of every group, times the group's "share" if it has one. weight_decay and betas are for
    the AdamW that is created if you pass no `optimizer`. Gradients of parameters that the optimizer does not hold are
    dropped. precision: "float32", "bfloat16", or None for the best one on this device.

    loss: a function (model, batch) -> mean loss per target token; None is cross-entropy.

    A step takes `accumulate` batches and divides by all their target tokens, so it equals one large batch. To resume,
    pass `start` (steps already taken), `elapsed` (seconds already used), the loaded optimizer, and batches that begin
    where the last run stopped. `first` is the number of the first of them (None: `start` times the batches of a step).
    Dropout depends on (seed, number of the batch) only, so nothing else is needed; torch's global seed is set at every
    batch. With a `team` of several ranks, each passes its own batches: every team.size-th from first + team.rank on.
    Raises ValueError if limits, schedule or batches do not fit. Raises FloatingPointError on all ranks, before the
    weights change, if loss or gradient is not finite and `skip` such steps were skipped before.
    """
    if steps is None and max_seconds is None:
        raise ValueError("a training needs an end; give steps, max_seconds or both")
    for name, bound in (("steps", steps), ("max_seconds", max_seconds), ("accumulate", accumulate), ("clip", clip)):
        if bound is not None and not bound > 0:
            raise ValueError(f"{name} ({bound:g}) must be above 0")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing ({smoothing:g}) must be at least 0 and below 1; try 0.1")
    if smoothing and loss is not None:
        raise ValueError(f"smoothing ({smoothing:g}) belongs to the built-in loss, not to your own; use 0")
    lr = 3e-4 if lr is None and optimizer is None else lr
    schedule = constant(lr) if isinstance(lr, int | float) else lr  # None: keep the optimizer's own rates
    if isinstance(schedule, Schedule) and steps is not None and schedule.warmup > steps:
        raise ValueError(f"warmup ({schedule.warmup} steps) is longer than the run ({steps} steps); try {steps // 10}")
    device = next(model.parameters()).device
    if device.type == "cpu":
        keep_memory()
    precision = choose_precision(device, precision)
    first_rate = 0.0 if schedule is None else schedule(1, 0.0)
    optimizer = optimizer or adamw(model, lr=first_rate, betas=betas, weight_decay=weight_decay)
    team, began = team or Solo(), time.perf_counter() - elapsed
    numbers = count(start * accumulate * team.size + team.rank if first is None else first + team.rank, team.size)

    def share(done: int) -> float:
        by_steps, by_time = done / steps if steps is not None else 0.0, 0.0
        if max_seconds is not None:  # use the clock of rank 0 only, or ranks would stop at different steps
            by_time = team.sum(time.perf_counter() - began if team.main else 0.0)[0] / max_seconds
        return min(1.0, max(by_steps, by_time))

    stream, n = iter(batches), start
    while (progress := share(n)) < 1:
        n, clock = n + 1, time.perf_counter()
        micro = dict(zip(islice(numbers, accumulate), islice(stream, accumulate), strict=False))
        if len(micro) < accumulate:
            fewer = f", or steps={n - 1}" if n > 1 else ""
            raise ValueError(f"the batches ended in step {n}; give more of them{fewer}")
        rate = optimizer.param_groups[0]["lr"] if schedule is None else schedule(n, progress)
        for group in optimizer.param_groups if schedule is not None else ():
            group["lr"] = rate * group.get("share", 1.0)
        model.zero_grad(set_to_none=True)
        losses, tokens = _backward(model.train(), micro, precision, smoothing, seed, n, team, loss)
        forget_others(model, optimizer)
        total, grad_norm, report = _judge(model, losses, list(micro), n, team)
        if report is None:
            _clip(model, grad_norm, clip)
            optimizer.step()
        elif skip <= 0:
            raise FloatingPointError(f"{report}; try a lower learning rate or a longer warm-up")
        skip -= report is not None
        yield Step(n, total, rate, grad_norm, tokens, time.perf_counter() - clock, share(n), report)


def _seed(seed: int, number: int) -> int:
    """Return a 32-bit seed for (seed, number of the batch); torch's CPU generator uses 32 bits only."""
    return (seed * 1_000_003 + number + 1) % 2**32


def _backward(
    model: nn.Module,
    micro: dict[int, BatchLike],
    precision: Precision,
    smoothing: float,
    seed: int,
    n: int,
    team: Solo,
    own: Loss | None,
) -> tuple[Tensor, int]:
    """Compute the gradients of the mean loss over the target tokens of all ranks' micro-batches.

    micro maps a micro-batch's number to it. Returns each one's share of the loss, and the number of tokens.
    """
    tokens = int(team.sum(sum(int((batch.targets != IGNORE).sum()) for batch in micro.values()))[0])
    if tokens == 0:
        raise ValueError(f"step {n} has nothing to learn: all of its targets are {IGNORE}")
    losses = []
    for number, batch in micro.items():
        torch.manual_seed(_seed(seed, number))
        with team.last(model, len(losses) == len(micro) - 1):
            loss = forward(model, batch, precision, smoothing, own) / tokens
            (loss * team.size).backward()  # gradients become the mean over the ranks
        losses.append(loss.detach())
    return torch.stack(losses), tokens


def forward(
    model: nn.Module, batch: BatchLike, precision: Precision, smoothing: float, own: Loss | None = None
) -> Tensor:
    """The summed loss of the batch: the user's own loss if there is one, else cross-entropy."""
    device = next(model.parameters()).device
    inputs = [None if x is None else x.to(device, non_blocking=True) for x in batch.inputs]
    targets = batch.targets.to(device, non_blocking=True)
    with precision.autocast():
        if own is not None:
            return _checked(own(model, Batch(tuple(inputs), targets))) * (targets != IGNORE).sum()
        if gives_loss(model):
            return model(*inputs, targets=targets, smoothing=smoothing)
        logits = model(*inputs)
    return cross_entropy(logits, targets, smoothing=smoothing)[0]


def _checked(loss: Tensor) -> Tensor:
    """Raise ValueError if a user's own loss is not one number that depends on the weights."""
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        what = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
        raise ValueError(f"loss(model, batch) must give one number as a tensor, the mean per target token, not {what}")
    if not loss.requires_grad:
        raise ValueError(
            "the loss does not depend on the weights; compute it from model(*batch.inputs) without no_grad"
        )
    return loss.reshape(())


def _judge(
    model: nn.Module, losses: Tensor, numbers: Sequence[int], n: int, team: Solo
) -> tuple[float, float, str | None]:
    """Return loss and gradient norm as numbers, and a report if one is not finite. Waits for the device once."""
    norm = team.whole(get_total_norm([p.grad for p in model.parameters() if p.grad is not None]))
    *here, norm_value = torch.cat([losses, norm[None]]).tolist()
    loss, strange = team.sum(math.fsum(here), float(not math.isfinite(norm_value)))
    if math.isfinite(loss) and not strange:
        return loss, norm_value, None
    found = team.gather(([m for m, value in zip(numbers, here, strict=True) if not math.isfinite(value)], numbers))
    named = [(rank, bad) for rank, (bad, _) in enumerate(found) if bad] or list(enumerate(every for _, every in found))
    where = " and ".join(
        (f"rank {rank}, " if team.size > 1 else "") + f"batch{'es' * (len(bad) > 1)} {', '.join(map(str, bad))}"
        for rank, bad in named
    )
    names = dict.fromkeys(name for mine in team.gather(_not_finite(model, team)) for name in mine)
    first = f"; not finite first in {', '.join(list(names)[:3])}" if names else ""
    return loss, norm_value, f"step {n}: the loss is {loss:g} and its gradient's norm {norm_value:g} ({where}{first})"


def _not_finite(model: nn.Module, team: Solo) -> list[str]:
    """Return the names of the first parameters whose gradient is not finite, at most 3."""
    grads = ((name, p.grad) for name, p in model.named_parameters() if p.grad is not None)
    bad = (name.removeprefix("module.") for name, grad in grads if not team.piece(grad).isfinite().all())
    return list(islice(bad, 3))


def _clip(model: nn.Module, norm: float, clip: float | None) -> None:
    """Scale the gradients, whose norm is `norm`, down to the norm `clip`."""
    if clip is not None and norm > clip:
        parameters = [p for p in model.parameters() if p.grad is not None]
        clip_grads_with_norm_(parameters, clip, torch.tensor(norm, device=parameters[0].device))
