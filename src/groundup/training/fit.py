"""Run `train` from the first step to the last: log, validate, save, stop early, resume, and load the best weights."""

import math
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import torch
from torch import nn

from groundup.batch import BatchLike
from groundup.training import micro, optim, prepare, schedule
from groundup.training.average import NoAverage, WeightAverage
from groundup.training.distributed import assembled
from groundup.training.flops import yardstick
from groundup.training.interrupt import Interrupted, stop_asked
from groundup.training.log import Metrics, show
from groundup.training.loop import Loss, Step, train
from groundup.training.micro import Data
from groundup.training.output import forgiving
from groundup.training.places import resume_command, saved_steps, unused
from groundup.training.plot import draw_losses
from groundup.training.precision import choose_precision
from groundup.training.record import Record, Watch
from groundup.training.settings import TrainSettings
from groundup.training.store import Store
from groundup.training.tally import FitResult, Tally
from groundup.training.team import Solo
from groundup.training.validate import validate


def fit(
    model: nn.Module,
    data: Data,
    *,
    folder: str | Path,
    settings: TrainSettings,
    valid: Sequence[BatchLike] | Callable[[], float],
    max_minutes: float | None = None,
    resume: bool = False,
    report: TextIO | None = None,
    watch: Watch | None = None,
    loss: Loss | None = None,
) -> FitResult:
    """Train the model with these settings, write the run folder, and load the best weights at the end.

    `valid` is held-out batches or a function that measures a loss. The folder gets checkpoints/, metrics.jsonl and
    plots/loss.png. `max_minutes` limits training and validation together, over all resumptions. Ctrl-C or SIGTERM
    saves after the current step and raises Interrupted; a second one stops at once. Raises ValueError if the folder
    already holds a training and `resume` is false. `loss` is what `train` minimises; validation is cross-entropy.

    Under torchrun every rank calls it with the same arguments. Rank 0's folder is used, and all ranks must be able to
    reach it. Only rank 0 prints, writes and returns; in the other processes SystemExit(0) is raised at the end. A rank
    that is lost raises ConnectionError; one that does not answer within `settings.timeout` raises TimeoutError.
    """
    if settings.steps is None and max_minutes is None:
        raise ValueError("a training needs an end; give --train.steps, --max-minutes or both")
    if max_minutes is not None and not max_minutes > 0:
        raise ValueError(f"max_minutes ({max_minutes:g}) must be above 0; try --max-minutes 5")
    if loss is not None:
        settings.check_own_loss()
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    with ExitStack() as open_:
        team = open_.enter_context(assembled(settings))
        folder = team.from_main(lambda: unused(Path(folder), resume=resume))
        nowhere = open_.enter_context(open(os.devnull, "w"))
        stream = forgiving((report or sys.stderr or nowhere) if team.main else nowhere, sys.stdout)
        record = Record(
            open_.enter_context(show(stream, steps=settings.steps)),
            log_every=settings.log_every,
        )
        stop = open_.enter_context(stop_asked())
        fitting = _Fitting(model, data, folder, settings, valid, record, team, loss)
        record.watch = watch
        fitting.resume()
        if team.main:
            tally = record.tally
            metrics = Metrics(folder / "metrics.jsonl", resumed=tally.step or None, records=tally.records)
            record.metrics = open_.enter_context(closing(metrics))
        return fitting.run(max_minutes, stop)


class _Fitting:
    """One training in progress. All ranks call the same methods in the same order."""

    def __init__(
        self,
        model: nn.Module,
        data: Data,
        folder: Path,
        settings: TrainSettings,
        valid: Sequence[BatchLike] | Callable[[], float],
        record: Record,
        team: Solo,
        loss: Loss | None,
    ):
        self.model, self.data, self.folder, self.settings, self.valid = model, data, folder, settings, valid
        self.record, self.team, self.loss, self.checkpoints = record, team, loss, folder / "checkpoints"
        self.precision = choose_precision(team.device, settings.precision)
        self.accumulate = micro.per_step(data, settings, team.size)
        self.trained = team.local_model(model)  # `model` itself, or slices of it
        notes = [f"training on {team.described()}, {self.precision.reason}"]
        if settings.recompute:
            prepare.recompute(self.trained)
            notes.append("recomputing activations")
        if settings.chunk_head is not None:
            prepare.chunk_head(self.trained, settings.chunk_head)
            notes.append(f"logits of {settings.chunk_head:,} tokens at a time")
        compiled, why = prepare.compiles(settings.compile, team.device, data)
        if compiled:
            prepare.compile_forward(self.trained, by_block=team.sharded)
        notes += [why] if why else []
        self.running = team.wrap(self.trained)  # call this one: the same weights, with exchange between ranks
        record.display.note(", ".join(notes))
        if team.main:
            record.display.set_yardstick(yardstick(model, self.precision, device=team.device, ranks=team.size))
        self.optimizer = optim.from_settings(self.trained, settings, team)
        self.store = Store(self.checkpoints, self.trained, self.optimizer, team, keep=settings.keep)
        self.average = WeightAverage(self.trained, settings.average) if settings.average else NoAverage()
        self.saved = -1

    @property
    def tally(self) -> Tally:
        return self.record.tally

    def resume(self) -> None:
        """Load the latest undamaged checkpoint, if there is one."""
        if not self.team.from_main(lambda: saved_steps(self.checkpoints)):
            return
        checkpoint, warning = self.store.load()
        self.record.resume(self.store.restore(checkpoint, self.average))
        tally, self.saved = self.tally, checkpoint.step
        try:  # `best` may point to a newer step than the one resumed, and its weights will be loaded at the end
            best = self.store.best_tally()
            tally.best_step, tally.best_loss = best.best_step, best.best_loss
        except (ValueError, FileNotFoundError) as error:
            if tally.best_step is not None:  # before the first validation there is no best one
                warning = warning or f"{error}; the next validation counts as the best"
            tally.best_step, tally.best_loss = None, None
        self.record.display.note(f"resumed at step {checkpoint.step}" + (f"; warning: {warning}" if warning else ""))

    def run(self, max_minutes: float | None, stop: threading.Event) -> FitResult:
        """Count every step, validate and save after some of them, and do both after the last."""
        settings, tally = self.settings, self.tally
        if tally.step == 0:
            self.measure()
        for step in () if self.out_of_patience() else self.steps(max_minutes):
            if step.skipped is None:
                self.average.update(step.n)
            self.record.count(step, self.accumulate * self.team.size)
            improved = step.n % settings.validate_every == 0 and tally.judged(self.measure())
            if improved or step.n % settings.save_every == 0:
                self.save(best=improved)
            self.stop_if_asked(stop)
            if self.out_of_patience():
                break
        if tally.validated != tally.step or tally.best_step is None:
            self.save(best=tally.judged(self.measure()))
        self.save()
        self.stop_if_asked(stop)  # the work after a training takes long, too
        if self.out_of_patience():
            return self.finish(f"no better validation loss in {tally.worse} validations")
        done = settings.steps is not None and tally.step >= settings.steps
        return self.finish(f"all {tally.step} steps done" if done else f"the time is used up ({max_minutes:g} min)")

    def stop_if_asked(self, stop: threading.Event) -> None:
        """Save and raise Interrupted if a signal asked any rank to stop."""
        if self.team.any(stop.is_set()):
            self.save()
            self.team.leave()  # only rank 0 raises and reports
            raise Interrupted(f"stopped at step {self.tally.step}, saved; go on with: {resume_command(self.folder)}")

    def steps(self, max_minutes: float | None) -> Iterator[Step]:
        """Start `train` with these settings at the step and the micro-batch reached so far."""
        settings, tally, team = self.settings, self.tally, self.team
        tally.batches = micro.reached(tally, settings, self.accumulate * team.size)
        return train(
            self.running,
            micro.every(self.data, tally.batches + team.rank, team.size),
            steps=settings.steps,
            max_seconds=None if max_minutes is None else 60 * max_minutes,
            lr=schedule.from_settings(settings),
            clip=settings.clip,
            smoothing=settings.smoothing,
            accumulate=self.accumulate,
            precision=self.precision,
            seed=settings.seed,
            start=tally.step,
            first=tally.batches,
            optimizer=self.optimizer,
            elapsed=self.record.seconds,
            skip=settings.skip_nonfinite - tally.skipped,
            team=team,
            loss=self.loss,
        )

    def out_of_patience(self) -> bool:
        return self.settings.patience is not None and self.tally.worse >= self.settings.patience

    def measure(self) -> float:
        """Measure and record the validation loss. The untrained model's loss cannot be the best."""
        with self.average.in_place():
            if callable(self.valid):
                with self.team.whole_model(self.trained, self.model):
                    loss = self.team.from_main(self.valid)
            else:
                loss = validate(self.trained, self.valid, self.precision, self.team)
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"step {self.tally.step}: the validation loss is {loss}; try a lower learning rate"
            )
        self.record.valid(loss)
        if self.record.watch is not None:
            with self.average.in_place(), self.team.whole_model(self.trained, self.model) as fits:
                if fits:
                    self.team.from_main(lambda: self.record.show(self.model))
                else:
                    self.record.display.note(f"not looked at: {self.team.device} has no room for the whole model")
                    self.record.watch = None
        return loss

    def save(self, *, best: bool = False) -> None:
        """Save a checkpoint of this step unless there is one. Raises OSError if the run folder no longer exists."""
        if self.saved == self.tally.step and not best:
            self.team.from_main(self.record.sync)
            return
        self.team.from_main(self.record.settle)
        with self.average.in_place() as own:
            self.store.save(self.tally.step, state=asdict(self.tally), unaveraged=own, best=best)
        self.saved = self.tally.step

    def finish(self, stopped: str) -> FitResult:
        """Load the best weights, draw the loss curves and return the result on rank 0. The other ranks exit here."""
        tally, team = self.tally, self.team
        prepare.undo(self.trained)
        team.leave()
        if team.sharded or tally.best_step != tally.step or self.settings.average:
            self.store.load_best(self.model)
        self.model.to(team.device).eval()
        draw_losses(self.folder / "metrics.jsonl", self.folder / "plots" / "loss.png")
        self.record.display.note(
            f"{stopped}; the model has the best weights, of step {tally.best_step}: {tally.best_loss:.3f}"
        )
        return FitResult.of(tally, stopped)
