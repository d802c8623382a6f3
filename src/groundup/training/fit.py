"""Drive `train` from first step to last: log, validate, save, stop early, resume, and leave the best model loaded."""

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Protocol, TextIO

import torch
from torch import nn

from groundup.training import optim, schedule
from groundup.training.average import LastWeights, WeightAverage
from groundup.training.checkpoint import load_checkpoint, load_for_resume, save_checkpoint, saved_steps
from groundup.training.interrupt import Interrupted, stop_asked
from groundup.training.log import Display, Metrics, show
from groundup.training.loop import Batch, Step, train, validate
from groundup.training.plot import draw_losses
from groundup.training.precision import choose_device, choose_precision
from groundup.training.settings import TrainSettings
from groundup.training.tally import FitResult, Tally
from groundup.training.tensors import load_model_tensors, model_tensors


class Data(Protocol):
    """Batches in an order that is arithmetic, so that `batches(n)` begins at batch n at once, and never ends."""

    def batches(self, start: int = 0) -> Iterator[Batch]: ...


def fit(
    model: nn.Module,
    data: Data,
    *,
    folder: str | Path,
    settings: TrainSettings,
    valid: Sequence[Batch] | Callable[[], float],
    max_minutes: float | None = None,
    resume: bool = False,
    report: TextIO | None = None,
) -> FitResult:
    """Train the model as the settings say, keep everything in the run folder, and load the best weights at the end.

    `valid` is held-out batches or a function that measures a loss. The folder gets checkpoints/, metrics.jsonl and
    plots/loss.png. `max_minutes` bounds training and validation together, over all resumptions. Ctrl-C or SIGTERM
    saves after the step in hand and raises Interrupted; a second one stops at once. ValueError where the folder
    already holds a training that is not to be resumed.
    """
    folder = Path(folder)
    if saved_steps(folder / "checkpoints") and not resume:
        raise ValueError(f"{folder}: already holds a training; try: groundup resume {folder.name}, or another --name")
    if settings.steps is None and max_minutes is None:
        raise ValueError("a training needs an end; give --train.steps, --max-minutes or both")
    if max_minutes is not None and not max_minutes > 0:
        raise ValueError(f"max_minutes ({max_minutes:g}) must be above 0; try --max-minutes 5")
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    model.to(choose_device(settings.device))
    with show(report or sys.stderr, steps=settings.steps) as display, stop_asked() as stop:
        fitting = _Fitting(model, folder, settings, valid, display)
        fitting.resume()
        with closing(Metrics(folder / "metrics.jsonl", resumed=fitting.tally.step or None)) as fitting.metrics:
            return fitting.run(data, max_minutes, stop)


class _Fitting:
    """One training under way."""

    metrics: Metrics

    def __init__(
        self,
        model: nn.Module,
        folder: Path,
        settings: TrainSettings,
        valid: Sequence[Batch] | Callable[[], float],
        display: Display,
    ):
        self.model, self.folder, self.settings, self.valid, self.display = model, folder, settings, valid, display
        self.checkpoints = folder / "checkpoints"
        device = next(model.parameters()).device
        self.precision = choose_precision(device, settings.precision)
        display.note(f"training on {device}, {self.precision.reason}")
        self.optimizer = optim.from_settings(model, settings)
        self.average = WeightAverage(model, settings.average) if settings.average else LastWeights()
        self.tally, self.saved = Tally(), -1
        self.began = time.perf_counter()

    def resume(self) -> None:
        """Go back to the latest whole checkpoint, if there is one."""
        if not saved_steps(self.checkpoints):
            return
        checkpoint, warning = load_for_resume(self.checkpoints)
        load_model_tensors(self.model, checkpoint.model, file=self.checkpoints / f"step {checkpoint.step}")
        self.average.restart()
        if checkpoint.unaveraged is not None:
            load_model_tensors(self.model, checkpoint.unaveraged, file=self.checkpoints / f"step {checkpoint.step}")
        assert checkpoint.optimizer is not None, "fit never saves without the optimizer"
        self.optimizer.load_state_dict(checkpoint.optimizer)
        self.tally, self.saved = Tally(**checkpoint.state), checkpoint.step
        self.began -= self.tally.seconds
        try:  # what `best` points to may be newer than the step resumed, and is what will be loaded at the end
            best = Tally(**load_checkpoint(self.checkpoints, "best").state)
            self.tally.best_step, self.tally.best_loss = best.best_step, best.best_loss
        except (ValueError, FileNotFoundError) as error:
            if self.tally.best_step is not None:  # before the first validation there is none to miss
                warning = warning or f"{error}; the next validation counts as the best"
            self.tally.best_step, self.tally.best_loss = None, None
        self.display.note(f"resumed at step {checkpoint.step}" + (f"; warning: {warning}" if warning else ""))

    def run(self, data: Data, max_minutes: float | None, stop: threading.Event) -> FitResult:
        """The loop: every step is counted, some are followed by a validation or a checkpoint, the last by both."""
        settings, tally = self.settings, self.tally
        if tally.step == 0:
            self.measure()
        for step in () if self.impatient() else self.steps(data, max_minutes):
            self.average.update(step.n)
            self.count(step)
            improved = step.n % settings.validate_every == 0 and self.validate()
            if improved or step.n % settings.save_every == 0:
                self.save(best=improved)
            if stop.is_set():
                self.save()
                raise Interrupted(f"stopped at step {step.n}, saved; go on with: groundup resume {self.folder.name}")
            if self.impatient():
                break
        if tally.validated != tally.step or tally.best_step is None:
            self.save(best=self.validate())
        self.save()
        if self.impatient():
            return self.finish(f"no better validation loss in {tally.worse} validations")
        done = settings.steps is not None and tally.step >= settings.steps
        return self.finish(f"all {tally.step} steps done" if done else f"{max_minutes:g} minutes over")

    def steps(self, data: Data, max_minutes: float | None) -> Iterator[Step]:
        """`train`, as the settings say, from the step reached so far."""
        settings, start = self.settings, self.tally.step
        return train(
            self.model,
            data.batches(start * settings.accumulate),
            steps=settings.steps,
            max_seconds=None if max_minutes is None else 60 * max_minutes,
            lr=schedule.from_settings(settings),
            clip=settings.clip,
            smoothing=settings.smoothing,
            accumulate=settings.accumulate,
            precision=self.precision,
            seed=settings.seed,
            start=start,
            optimizer=self.optimizer,
            elapsed=time.perf_counter() - self.began,
        )

    def impatient(self) -> bool:
        return self.settings.patience is not None and self.tally.worse >= self.settings.patience

    def count(self, step: Step) -> None:
        """Take a step into the tally, and into the log every `log_every` steps as the mean over them."""
        tally = self.tally
        tally.step, tally.tokens = step.n, tally.tokens + step.tokens
        tally.training_seconds += step.seconds
        loss, tokens, seconds = tally.since
        tally.since = loss + step.loss * step.tokens, tokens + step.tokens, seconds + step.seconds
        self.display.tick(step)
        if step.n % self.settings.log_every == 0:
            loss, tokens, seconds = tally.since
            mean = replace(step, loss=loss / tokens, tokens=tokens, seconds=seconds)
            tally.since = 0.0, 0, 0.0
            self.display.log(mean)
            self.metrics.write(
                step=step.n,
                loss=mean.loss,
                lr=step.lr,
                grad_norm=step.grad_norm,
                tokens=tally.tokens,
                tokens_per_second=tokens / seconds,
                seconds=time.perf_counter() - self.began,
            )

    def measure(self) -> float:
        """The validation loss now, on record."""
        tally = self.tally
        with self.average.in_place():
            loss = self.valid() if callable(self.valid) else validate(self.model, self.valid, self.precision)
        if not math.isfinite(loss):
            raise FloatingPointError(f"step {tally.step}: the validation loss is {loss}; try a lower learning rate")
        tally.validated, tally.last_loss = tally.step, loss
        self.display.valid(tally.step, loss, best=self.improves(loss))
        self.metrics.write(step=tally.step, valid_loss=loss, seconds=time.perf_counter() - self.began)
        return loss

    def improves(self, loss: float) -> bool:
        return self.tally.best_loss is None or loss < self.tally.best_loss

    def validate(self) -> bool:
        """Measure, and say whether it is the best so far. The untrained model of step 0 does not compete."""
        loss, tally = self.measure(), self.tally
        improved = self.improves(loss)
        if improved:
            tally.best_step, tally.best_loss, tally.worse = tally.step, loss, 0
        else:
            tally.worse += 1
        return improved

    def save(self, *, best: bool = False) -> None:
        """A checkpoint of this step, unless there is one already."""
        if self.saved == self.tally.step and not best:
            return
        self.tally.seconds = time.perf_counter() - self.began
        with self.average.in_place() as own:
            save_checkpoint(
                self.checkpoints,
                self.tally.step,
                model=model_tensors(self.model),
                optimizer=self.optimizer.state_dict(),
                state=asdict(self.tally),
                unaveraged=own,
                best=best,
                keep=self.settings.keep,
            )
        self.saved = self.tally.step

    def finish(self, stopped: str) -> FitResult:
        """Load the best weights, draw the curves, and say what came of it."""
        tally = self.tally
        assert tally.best_step is not None, "the last step is always validated"
        assert tally.best_loss is not None
        assert tally.last_loss is not None
        if tally.best_step != tally.step or self.settings.average:
            best = load_checkpoint(self.checkpoints, "best")
            load_model_tensors(self.model, best.model, file=self.checkpoints / "best")
        self.model.eval()
        draw_losses(self.folder / "metrics.jsonl", self.folder / "plots" / "loss.png")
        self.display.note(
            f"{stopped}; the model has the best weights, of step {tally.best_step}: {tally.best_loss:.3f}"
        )
        return FitResult(
            steps=tally.step,
            best_step=tally.best_step,
            best_loss=tally.best_loss,
            last_loss=tally.last_loss,
            seconds=tally.seconds,
            tokens=tally.tokens,
            tokens_per_second=tally.tokens / max(tally.training_seconds, 1e-9),
            stopped=stopped,
        )
