"""The loss on held-out batches."""

from collections.abc import Iterable, Iterator, Sized
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from groundup.batch import IGNORE, BatchLike
from groundup.training.loop import forward
from groundup.training.precision import Precision, choose_precision
from groundup.training.team import Solo

ENDLESS = 10_000
"""Batches that validation reads from a stream without a length before it raises ValueError."""


def validate(
    model: nn.Module,
    batches: Iterable[BatchLike],
    precision: Precision | str | None = None,
    team: Solo | None = None,
    *,
    steps: int | None = None,
) -> float:
    """Mean loss in nats per token over the batches; every token counts equally. No dropout, no smoothing.

    steps: the most batches to use. A stream that never ends needs it: without it, ValueError after ENDLESS batches.
    All ranks get all the batches, and each evaluates its share of them.
    """
    batches = _ending(batches) if steps is None else islice(batches, steps)
    precision, team = choose_precision(next(model.parameters()).device, precision), team or Solo()
    total, tokens, was_training = 0.0, 0, model.training
    model.eval()
    try:
        with torch.no_grad():  # not inference_mode: weights gathered in it from slices could not be used afterwards
            for batch, counts in _dealt(batches, team):
                loss = forward(model, batch, precision, 0.0).item()
                if counts:
                    total, tokens = total + loss, tokens + int((batch.targets != IGNORE).sum())
    finally:
        model.train(was_training)
    total, tokens = team.sum(total, tokens)
    if tokens == 0:
        raise ValueError("there is nothing to validate on: no batch has a target")
    return total / tokens


def token_losses(model: nn.Module, batches: Iterable[BatchLike], precision: Precision | str | None = None) -> Tensor:
    """The loss in nats of every target of the batches, one after the other (N,), without dropout; on the CPU."""
    device, was_training = next(model.parameters()).device, model.training
    precision, found = choose_precision(device, precision), []
    model.eval()
    try:
        with torch.no_grad():
            for batch in batches:
                with precision.autocast():
                    logits = model(*(None if x is None else x.to(device) for x in batch.inputs))
                for row, targets in zip(
                    logits, batch.targets.to(device), strict=True
                ):  # rows: one in float32 at a time
                    losses = F.cross_entropy(row.float(), targets, ignore_index=IGNORE, reduction="none")
                    found.append(losses[targets != IGNORE].cpu())
    finally:
        model.train(was_training)
    return torch.cat(found)


def _ending(batches: Iterable[BatchLike]) -> Iterator[BatchLike]:
    """Yield the batches. Raises ValueError if they have no length and do not seem to end."""
    for n, batch in enumerate(batches):
        if n == ENDLESS and not isinstance(batches, Sized):
            raise ValueError(f"no end of the batches after {ENDLESS:,}: is this what is trained on? say steps=100")
        yield batch


def _dealt(batches: Iterable[BatchLike], team: Solo) -> Iterator[tuple[BatchLike, bool]]:
    """Yield this rank's batches, and whether each counts.

    A rank without a batch left repeats one that does not count, because sliced weights need all ranks.
    """
    stream = iter(batches)
    while hand := list(islice(stream, team.size)):
        counts = team.rank < len(hand)
        yield hand[team.rank if counts else 0], counts
