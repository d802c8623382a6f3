"""Drive `train` from first step to last: log, validate, save, stop early, resume, and leave the best model loaded."""

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
from groundup.training.average import LastWeights, WeightAverage
from groundup.training.distributed import assembled
from groundup.training.flops import yardstick
from groundup.training.interrupt import Interrupted, stop_asked
from groundup.training.log import Metrics, show
from groundup.training.loop import Loss, Step, train
from groundup.training.micro import Data
from groundup.training.output import forgiving
from groundup.training.places import resumption, saved_steps, unused
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
    """Train the model as the settings say, keep everything in the run folder, and load the best weights at the end.

    `valid` is held-out batches or a function that measures a loss. The folder gets checkpoints/, metrics.jsonl and
    plots/loss.png. `max_minutes` bounds training and validation together, over all resumptions. Ctrl-C or SIGTERM
    saves after the step in hand and raises Interrupted; a second one stops at once. ValueError where the folder
    already holds a training that is not to be resumed. `loss` is what `train` minimises; validation is cross-entropy.

    Under torchrun every rank calls it alike. The folder that counts is rank 0's, which all must be able to reach; only
    rank 0 prints, writes and returns: what follows a training is for one process, so for the others SystemExit(0) is
    raised at its end. A rank that is lost or silent for `settings.timeout` is a ConnectionError or TimeoutError.
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
    """One training under way. Every method that a rank calls all ranks call, in the same order."""

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
        self.trained = team.own(model)  # `model` itself, or slices of it
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
        self.running = team.wrap(self.trained)  # what is called: the same weights, with their exchange
        record.display.note(", ".join(notes))
        if team.main:
            record.display.against(yardstick(model, self.precision, device=team.device, ranks=team.size))
        self.optimizer = optim.from_settings(self.trained, settings, team)
        self.store = Store(self.checkpoints, self.trained, self.optimizer, team, keep=settings.keep)
        self.average = WeightAverage(self.trained, settings.average) if settings.average else LastWeights()
        self.saved = -1

    @property
    def tally(self) -> Tally:
        return self.record.tally

    def resume(self) -> None:
        """Go back to the latest whole checkpoint, if there is one."""
        if not self.team.from_main(lambda: saved_steps(self.checkpoints)):
            return
        checkpoint, warning = self.store.load()
        self.record.resume(self.store.restore(checkpoint, self.average))
        tally, self.saved = self.tally, checkpoint.step
        try:  # what `best` points to may be newer than the step resumed, and is what will be loaded at the end
            best = self.store.best_tally()
            tally.best_step, tally.best_loss = best.best_step, best.best_loss
        except (ValueError, FileNotFoundError) as error:
            if tally.best_step is not None:  # before the first validation there is none to miss
                warning = warning or f"{error}; the next validation counts as the best"
            tally.best_step, tally.best_loss = None, None
        self.record.display.note(f"resumed at step {checkpoint.step}" + (f"; warning: {warning}" if warning else ""))

    def run(self, max_minutes: float | None, stop: threading.Event) -> FitResult:
        """The loop: every step is counted, some are followed by a validation or a checkpoint, the last by both."""
        settings, tally = self.settings, self.tally
        if tally.step == 0:
            self.measure()
        for step in () if self.impatient() else self.steps(max_minutes):
            if step.skipped is None:
                self.average.update(step.n)
            self.record.count(step, self.accumulate * self.team.size)
            improved = step.n % settings.validate_every == 0 and tally.judged(self.measure())
            if improved or step.n % settings.save_every == 0:
                self.save(best=improved)
            self.leave_if_asked(stop)
            if self.impatient():
                break
        if tally.validated != tally.step or tally.best_step is None:
            self.save(best=tally.judged(self.measure()))
        self.save()
        self.leave_if_asked(stop)  # what comes after a training takes its time, too
        if self.impatient():
            return self.finish(f"no better validation loss in {tally.worse} validations")
        done = settings.steps is not None and tally.step >= settings.steps
        return self.finish(f"all {tally.step} steps done" if done else f"the time is used up ({max_minutes:g} min)")

    def leave_if_asked(self, stop: threading.Event) -> None:
        """Save and raise Interrupted if a signal asked some rank to stop."""
        if self.team.any(stop.is_set()):
            self.save()
            self.team.leave()  # one of them says it
            raise Interrupted(f"stopped at step {self.tally.step}, saved; go on with: {resumption(self.folder)}")

    def steps(self, max_minutes: float | None) -> Iterator[Step]:
        """`train`, as the settings say, from the step and the micro-batch reached so far."""
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

    def impatient(self) -> bool:
        return self.settings.patience is not None and self.tally.worse >= self.settings.patience

    def measure(self) -> float:
        """The validation loss now, on record. The untrained model's does not compete."""
        with self.average.in_place():
            if callable(self.valid):
                with self.team.at_home(self.trained, self.model):
                    loss = self.team.from_main(self.valid)
            else:
                loss = validate(self.trained, self.valid, self.precision, self.team)
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"step {self.tally.step}: the validation loss is {loss}; try a lower learning rate"
            )
        self.record.valid(loss)
        if self.record.watch is not None:
            with self.average.in_place(), self.team.at_home(self.trained, self.model) as fits:
                if fits:
                    self.team.from_main(lambda: self.record.show(self.model))
                else:
                    self.record.display.note(f"not looked at: {self.team.device} has no room for the whole model")
                    self.record.watch = None
        return loss

    def save(self, *, best: bool = False) -> None:
        """Save a checkpoint of this step, unless there is one already. OSError where the run's folder is gone."""
        if self.saved == self.tally.step and not best:
            self.team.from_main(self.record.sync)
            return
        self.team.from_main(self.record.settle)
        with self.average.in_place() as own:
            self.store.save(self.tally.step, state=asdict(self.tally), unaveraged=own, best=best)
        self.saved = self.tally.step

    def finish(self, stopped: str) -> FitResult:
        """Load the best weights, draw the curves, and say what came of it; on rank 0, where the others leave."""
        tally, team = self.tally, self.team
        prepare.as_it_was(self.trained)
        team.leave()
        if team.sharded or tally.best_step != tally.step or self.settings.average:
            self.store.load_best(self.model)
        self.model.to(team.device).eval()
        draw_losses(self.folder / "metrics.jsonl", self.folder / "plots" / "loss.png")
        self.record.display.note(
            f"{stopped}; the model has the best weights, of step {tally.best_step}: {tally.best_loss:.3f}"
        )
        return FitResult.of(tally, stopped)
