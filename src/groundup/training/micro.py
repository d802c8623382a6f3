"""Which micro-batches make up a step, and which rank takes which. This is arithmetic only, so all ranks agree.

Micro-batches are numbered through the whole training: 0, 1, 2, ... A step is k consecutive ones. With W ranks, rank r
takes the micro-batches r, r + W, r + 2 W, ... So 1 rank with 4 micro-batches, 2 with 2 and 4 with 1 learn the same.

If one micro-batch from each rank would be more than a step, micro-batches are made smaller (`micro_batch`). Windows are
given out in order, so a step still has the same windows. The number of the next micro-batch then follows from the steps
taken and not from the micro-batches (`reached`).
"""

import inspect
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from groundup.batch import BatchLike
from groundup.training.settings import TrainSettings
from groundup.training.tally import Tally

PEEK = 4  # how many micro-batches to look at to see whether they have one size


class Data(Protocol):
    """Batches in a computable order: `batches(n)` starts at batch n directly, and never ends.

    If the method has a second parameter `every`, `batches(n, every)` gives n, n + every, ... and skips the others.
    """

    def batches(self, start: int = 0) -> Iterator[BatchLike]: ...


def every(data: Data, start: int, step: int) -> Iterator[BatchLike]:
    """Return the micro-batches start, start + step, ..."""
    if step == 1:
        return data.batches(start)
    if "every" in inspect.signature(data.batches).parameters:
        return data.batches(start, every=step)  # type: ignore[call-arg]
    return islice(data.batches(start), 0, None, step)


def shapes(data: Data) -> set[tuple[int, ...]]:
    """Return the shapes of the targets of the first few micro-batches."""
    return {tuple(batch.targets.shape) for batch in islice(data.batches(0), PEEK)}


def micro_batch(batch_tokens: int, *, context: int, ranks: int, most: int, flag: str = "--train.batch-tokens") -> int:
    """Return how many windows of `context` tokens a rank takes at a time: the most, up to `most`, that divide a step.

    Raises ValueError if the ranks cannot share the windows of a step equally. flag: the option that sets batch_tokens.
    """
    at_once = context * ranks
    each, rest = divmod(batch_tokens, at_once)
    if rest:
        near = f"{batch_tokens - rest} or {batch_tokens - rest + at_once}" if each else f"{at_once}"
        windows, odd = divmod(batch_tokens, context)
        fewer = 0 if odd else next(n for n in range(min(ranks, windows), 0, -1) if windows % n == 0)
        raise ValueError(
            f"batch_tokens ({batch_tokens:,}) must be a multiple of {at_once:,}: windows of {context:,} tokens on "
            f"{ranks:,} rank{'s' * (ranks > 1)}; try "
            + (f"{fewer:,} rank{'s' * (fewer > 1)}, or " if fewer else "")
            + f"{flag} {near}"
        )
    return next(n for n in range(min(most, each), 0, -1) if each % n == 0)


def per_step(data: Data, settings: TrainSettings, size: int) -> int:
    """Return how many micro-batches each of `size` ranks takes in a step.

    Raises ValueError if `batch_tokens` is not a multiple of one micro-batch from every rank.
    """
    if settings.batch_tokens is None:
        return settings.accumulate
    tokens = {B * T for B, T in shapes(data)}
    if len(tokens) > 1:
        raise ValueError(
            f"batch_tokens ({settings.batch_tokens:,}) needs micro-batches of one size, and these have "
            f"{min(tokens):,} to {max(tokens):,} tokens; give --train.accumulate instead"
        )
    (of_one,) = tokens
    at_once = of_one * size
    if settings.batch_tokens % at_once:
        below = settings.batch_tokens // at_once * at_once
        near = f"{below} or {below + at_once}" if below else f"{at_once}"
        raise ValueError(
            f"batch_tokens ({settings.batch_tokens:,}) must be a multiple of {at_once:,}: micro-batches of "
            f"{of_one:,} tokens on {size} rank{'s' * (size > 1)}; try --train.batch-tokens {near}"
        )
    return settings.batch_tokens // at_once


def reached(tally: Tally, settings: TrainSettings, of_step: int) -> int:
    """Return the number of the next micro-batch. of_step: micro-batches of one step over all ranks."""
    if tally.batches is None or settings.batch_tokens is not None:
        return tally.step * of_step
    return tally.batches
