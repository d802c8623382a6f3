"""Which micro-batches make up a step, and who takes which: arithmetic only, so that any number of ranks agree.

Micro-batches are numbered through a whole training: 0, 1, 2, ... A step is k of them in a row, and of W ranks number r
takes every W-th, from the r-th on. So 1 rank with 4, 2 with 2 and 4 with 1 learn from the same numbers.

Where all ranks at once would take more than a step, micro-batches are made smaller (`micro_batch`). Windows are dealt
in order, so a step is still of the same ones; but then the number of the next micro-batch follows from the steps taken,
not from the micro-batches (`reached`).
"""

import inspect
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from groundup.batch import BatchLike
from groundup.training.settings import TrainSettings
from groundup.training.tally import Tally

PEEK = 4  # micro-batches looked at, to see whether they are of one size


class Data(Protocol):
    """Batches in an order that is arithmetic, so that `batches(n)` begins at batch n at once, and never ends.

    With a second parameter `every`, `batches(n, every)` are number n, n + every, ... without making those between.
    """

    def batches(self, start: int = 0) -> Iterator[BatchLike]: ...


def every(data: Data, start: int, step: int) -> Iterator[BatchLike]:
    """Micro-batches start, start + step, ..."""
    if step == 1:
        return data.batches(start)
    if "every" in inspect.signature(data.batches).parameters:
        return data.batches(start, every=step)  # type: ignore[call-arg]
    return islice(data.batches(start), 0, None, step)


def shapes(data: Data) -> set[tuple[int, ...]]:
    """The shapes of the first few micro-batches' targets."""
    return {tuple(batch.targets.shape) for batch in islice(data.batches(0), PEEK)}


def micro_batch(batch_tokens: int, *, context: int, ranks: int, most: int, flag: str = "--train.batch-tokens") -> int:
    """Windows of `context` tokens that a rank takes at a time: as many, up to `most`, as make up batch_tokens exactly.

    ValueError where the ranks cannot share the windows of a step alike; `flag` is what a person sets batch_tokens with.
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
    """How many micro-batches of one rank make a step on `size` ranks.

    ValueError where `batch_tokens` is not a whole number of what all ranks take at once.
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
    """The number of the next micro-batch, a step being `of_step` of them over all ranks."""
    if tally.batches is None or settings.batch_tokens is not None:
        return tally.step * of_step
    return tally.batches
