"""Record a training: every step goes into the tally, and some go to the display and metrics.jsonl."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from groundup.training.log import Display, Metrics
from groundup.training.loop import Step
from groundup.training.tally import Tally

Watch = Callable[[int, Callable[[str], None]], dict[str, float]]
"""A callback after every validation. It gets the step and a print function; returns figures for metrics.jsonl."""


class Record:
    """Counts steps and measures time; the log gets the mean over every `log_every` steps."""

    metrics: Metrics | None = None
    """The metrics file; None before the training is resumed, and on all ranks but 0."""
    watch: Watch | None = None
    """The callback after every validation."""
    taken: Step | None = None
    """The last step that was not skipped."""

    def __init__(self, display: Display, *, log_every: int):
        self.display, self.log_every = display, log_every
        self.tally, self.began = Tally(), time.perf_counter()

    def resume(self, tally: Tally) -> None:
        """Continue from the counts of an earlier process."""
        self.tally, self.began = tally, time.perf_counter() - tally.seconds

    @property
    def seconds(self) -> float:
        """Seconds since the training began, without the pauses between processes."""
        return time.perf_counter() - self.began

    def count(self, step: Step, batches: int) -> None:
        """Count a step of `batches` micro-batches."""
        tally = self.tally
        tally.step, tally.batches = step.n, (tally.batches or 0) + batches
        tally.training_seconds += step.seconds
        self.display.tick(step)
        if step.skipped is not None:
            tally.skipped += 1
            self.display.note(f"{step.skipped}; skipped, the weights are as they were")
            self.write(step=step.n, skipped=step.skipped)
        else:
            self.taken, tally.tokens = step, tally.tokens + step.tokens
            loss, tokens, seconds = tally.since
            tally.since = loss + step.loss * step.tokens, tokens + step.tokens, seconds + step.seconds
        if step.n % self.log_every == 0 and self.taken is not None:
            self._log(replace(self.taken, n=step.n, progress=step.progress))

    def valid(self, loss: float) -> None:
        """Record a validation loss, and show whether it is the best so far."""
        tally = self.tally
        tally.validated, tally.last_loss = tally.step, loss
        self.display.valid(tally.step, loss, best=tally.improves(loss))
        self.write(step=tally.step, valid_loss=loss, seconds=self.seconds)

    def show(self, model: nn.Module) -> None:
        """Call `watch` on the current model, and write the figures that it returns to metrics.jsonl."""
        assert self.watch is not None, "there is a callback"
        was_training = model.training
        model.eval()
        try:
            with torch.inference_mode():
                figures = self.watch(self.tally.step, self.display.note)
        finally:
            model.train(was_training)
        if figures:
            self.write(step=self.tally.step, **figures)

    def settle(self) -> None:
        """Prepare for a checkpoint: sync metrics.jsonl, and put the time and its number of lines into the tally."""
        self.tally.seconds = self.seconds
        self.sync()
        if self.metrics is not None:
            self.tally.records = self.metrics.records

    def sync(self) -> None:
        """Sync metrics.jsonl to disk. Raises OSError if the run folder no longer exists."""
        if self.metrics is not None:
            self.metrics.sync()

    def write(self, **record: Any) -> None:
        if self.metrics is not None:
            self.metrics.write(**record)

    def _log(self, step: Step) -> None:
        loss, tokens, seconds = self.tally.since
        self.taken, self.tally.since = None, (0.0, 0, 0.0)
        self.display.log(replace(step, loss=loss / tokens, tokens=tokens, seconds=seconds))
        self.write(
            step=step.n,
            loss=loss / tokens,
            lr=step.lr,
            grad_norm=step.grad_norm,
            tokens=self.tally.tokens,
            tokens_per_second=tokens / seconds,
            seconds=self.seconds,
        )
