"""NaN and infinity: seen on the step on which they appear, with step, batch and parameter; never in a checkpoint."""

import math
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tiny import VARIANTS, Row, Watched, as_command, differences, fork, tiny_fit, tiny_model, tiny_stream, wait, warm_up
from torch import Tensor, nn

from groundup.training.checkpoint import load_checkpoint, saved_steps
from groundup.training.log import read_metrics
from groundup.training.settings import TrainSettings
from groundup.training.tensors import flatten_optimizer

BENT = "model.stack.blocks.0.mlp.into.weight"


class NoisyBatch(NamedTuple):
    inputs: tuple[Tensor | None, ...]
    targets: Tensor


class Noisy(nn.Module):
    """The tiny model with a second input, of real numbers, that is added to the logits."""

    def __init__(self, seed: int = 0):
        super().__init__()
        self.model = tiny_model(seed)

    def forward(self, ids: Tensor, noise: Tensor | None = None) -> Tensor:
        logits = self.model(ids)
        return logits if noise is None else logits + noise


class NoisyData(Watched):
    """Batch `at` has one number that is none."""

    at, value = -1, math.nan

    def batches(self, start: int = 0, every: int = 1) -> Iterator[Any]:
        for n, batch in enumerate(super().batches(start, every), start):
            noise = torch.zeros(1)
            yield NoisyBatch((*batch.inputs[:1], noise + self.value if n == self.at else noise), batch.targets)


def notfinite(count: int, folder: Path, *, seed: int = 0) -> list[Row]:
    """`count` trainings for each place in which a number can go wrong, and as many that may skip one step."""
    warm_up(folder)
    chance, run = random.Random(seed), folder / "run"
    plain, accumulating = VARIANTS["adamw"], VARIANTS["accumulate"]
    child(partial(noisy_fit, folder / "whole", plain), folder)
    rows = []
    for what, spoil in (("batch", in_batch), ("weight", in_weight), ("gradient", in_gradient)):
        failures = []
        for trial in range(count):
            settings = accumulating if trial % 2 else plain
            value = chance.choice((math.nan, math.inf, -math.inf))
            at = chance.randrange(1, settings.steps * settings.accumulate - 1)
            clear(run)
            code, said = child(partial(spoilt, run, settings, spoil, at, value, folder / "stderr.txt"), folder)
            wrong = unclear(code, said, at // settings.accumulate + 1, at, BENT if what == "gradient" else "")
            wrong += contaminated(run)
            if settings is plain:
                child(partial(noisy_fit, run, plain), folder)
                wrong += differences(folder / "whole", run)
            failures += [f"{value} in a {what}: {problem}" for problem in wrong]
        note = "step, batch and parameter told on the same step; resumed exactly"
        rows.append(
            Row("f", f"not finite in a {what}: late or kept", count, len(failures), note, details=kept(failures))
        )
    failures = []
    for _ in range(count):
        at, settings = chance.randrange(1, 38), replace(plain, skip_nonfinite=1)
        clear(run)
        code, said = child(partial(spoilt, run, settings, in_batch, at, math.nan, folder / "stderr.txt"), folder)
        failures += contaminated(run) + ([f"exit code {code}: {said}"] if code else [])
        if [record["step"] for record in read_metrics(run / "metrics.jsonl") if "skipped" in record] != [at + 1]:
            failures.append(f"batch {at}: the skipped step is not on record")
    what = "one step skipped by budget: not on record"
    return [*rows, Row("f", what, count, len(failures), "the run ends as usual", details=kept(failures))]


def child(function: Callable[[], object], folder: Path) -> tuple[int, str]:
    """Exit code and standard error of a child."""
    stderr, complaint = folder / "stderr.txt", folder / "complaint.txt"
    stderr.unlink(missing_ok=True)
    complaint.unlink(missing_ok=True)
    code = wait(fork(function, complaint))
    if complaint.exists():
        raise RuntimeError(complaint.read_text())
    return code, stderr.read_text() if stderr.exists() else ""


def unclear(code: int, said: str, step: int, batch: int, parameter: str) -> list[str]:
    """What is missing from the one line that ends such a training."""
    wrong = [] if code == 2 and said.count("\n") == 1 else [f"exit code {code}: {said}"]
    for told in (rf"\bstep {step}\b", rf"\bbatch(es)? ([\d, ]*, )?{batch}\b", re.escape(parameter)):
        if not re.search(told, said):
            wrong.append(f"{told} is not in {said!r}")
    return wrong


def kept(failures: list[str]) -> dict[str, Any]:
    return {"failures": failures}


def spoilt(run: Path, settings: TrainSettings, spoil: Callable[..., object], at: int, value: float, said: Path) -> int:
    model, data = Noisy(), NoisyData(tiny_stream(), run.with_suffix(".batches"))
    spoil(model, data, at, value)
    return as_command(lambda: tiny_fit(run, settings, model=model, data=data), said)


def noisy_fit(run: Path, settings: TrainSettings) -> None:
    seed = 1 if saved_steps(run / "checkpoints") else 0
    tiny_fit(run, settings, model=Noisy(seed), data=NoisyData(tiny_stream(), run.with_suffix(".batches")))


def in_batch(model: Noisy, data: NoisyData, at: int, value: float) -> None:
    data.at, data.value = at, value


def in_weight(model: Noisy, data: NoisyData, at: int, value: float) -> None:
    def before(n: int) -> None:
        if n == at:
            with torch.no_grad():
                model.model.head.weight.view(-1)[:] = value

    data.before = before


def in_gradient(model: Noisy, data: NoisyData, at: int, value: float) -> None:
    now = [-1]
    data.before = lambda n: now.__setitem__(0, n)
    spoilt = []

    def spoil(grad: Tensor) -> Tensor:
        if now[0] < at or spoilt:  # all batches of a step are taken before the first is learnt from
            return grad
        spoilt.append(True)
        return grad + value

    model.get_parameter(BENT).register_hook(spoil)


def contaminated(run: Path) -> list[str]:
    """Saved tensors that are not finite."""
    found = []
    for step in saved_steps(run / "checkpoints"):
        checkpoint = load_checkpoint(run / "checkpoints", step)
        assert checkpoint.optimizer is not None
        moments, _ = flatten_optimizer(checkpoint.optimizer)
        for name, tensor in {**checkpoint.model, **moments, **(checkpoint.unaveraged or {})}.items():
            if isinstance(tensor, Tensor) and not tensor.isfinite().all():
                found.append(f"{name} of step {step} is not finite")
    return found


def clear(run: Path) -> None:
    shutil.rmtree(run, ignore_errors=True)
    run.with_suffix(".batches").unlink(missing_ok=True)
