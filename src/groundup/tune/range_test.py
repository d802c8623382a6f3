"""The learning-rate range test (Smith 2017): the rate rises exponentially, and the loss says which rates are useful.

The loss falls, then it stays about the same while the rate becomes too high for a whole training, then it rises. Where
it is lowest lies somewhere on that plateau, and depends on a few batches. So the rate is chosen with which the smoothed
loss has made most of its fall. How well that does, sweeps of rates say (docs/tuning.md).
"""

import json
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from groundup.files import write_whole
from groundup.flow.train import Ready
from groundup.recipes.recipe import TextRecipe
from groundup.records import make_record, read_json
from groundup.run.own_code import OwnCode
from groundup.training import micro, optim
from groundup.training.loop import Step, train
from groundup.training.precision import choose_device, choose_precision
from groundup.tune.space import rounded

LOWEST, HIGHEST, STEPS = 1e-4, 1.0, 120
FALL = {"adamw": 0.75, "muon": 0.85}
"""The share of the fall that the smoothed loss has made at the chosen rate: Muon can take a higher one."""
LEAST = 0.01
"""The share that the loss must fall by."""
SMOOTHING = 0.9
FEWEST = 20  # steps that a curve needs
ENOUGH = 1.5
"""The test ends where the smoothed loss is this many times the lowest."""


@dataclass(frozen=True)
class Curve:
    """Rates, rising, and the training loss at each; what was chosen, and how long a step took."""

    rates: list[float]
    losses: list[float]
    smooth: list[float]
    chosen: float
    seconds_a_step: float
    tokens_a_step: float
    held_out: int
    """Tokens of the validation part."""
    seconds: float
    """All steps together."""
    ended: float
    """When, as `time.time()` says it."""

    def save(self, path: Path) -> None:
        write_whole(path, json.dumps(asdict(self)) + "\n")


def read_curve(path: Path) -> Curve:
    """What `save` wrote. ValueError with the file where it is damaged."""
    try:
        return make_record(Curve, read_json(path), "a range test")
    except ValueError as error:
        raise ValueError(f"{path}: damaged ({error}); give the tune another --name, or delete its folder") from error


def rate_at(n: int) -> float:
    """The rate of step n, from 1 to STEPS."""
    return LOWEST * (HIGHEST / LOWEST) ** ((n - 1) / (STEPS - 1))


def range_test(ready: Ready, code: OwnCode) -> Curve:
    """Train for at most STEPS steps while the rate rises. ValueError where the loss never falls."""
    settings = ready.recipe.train
    device = choose_device(settings.device)
    model = ready.model.to(device)
    steps = train(
        model,
        ready.batches.train.batches(0),
        steps=STEPS,
        lr=lambda n, progress: rate_at(n),
        clip=settings.clip,
        smoothing=settings.smoothing,
        accumulate=micro.per_step(ready.batches.train, settings, 1),
        precision=choose_precision(device, settings.precision),
        seed=settings.seed,
        optimizer=optim.from_settings(model, settings),
        loss=code.loss,
    )
    taken: list[Step] = []
    try:
        for step in steps:
            taken.append(step)
            if (smooth := smoothed([one.loss for one in taken]))[-1] > ENOUGH * min(smooth):
                break
    except FloatingPointError:  # the rate is high enough for that
        pass
    valid = ready.parts.valid
    held_out = len(valid) if isinstance(ready.recipe, TextRecipe) else valid[1].tokens
    return curve_of(taken, held_out, FALL[settings.optimizer])


def curve_of(taken: Sequence[Step], held_out: int, fall: float) -> Curve:
    """What the steps say. fall: which share of it is enough. ValueError where there are too few."""
    if len(taken) < FEWEST:
        raise ValueError(
            f"the loss was not finite after {len(taken)} steps, at a learning rate of {rate_at(len(taken) + 1):.2g}: "
            "the model is unstable; try groundup doctor"
        )
    losses = [step.loss for step in taken]
    smooth = smoothed(losses)
    if min(smooth) > (1 - LEAST) * smooth[0]:
        raise ValueError(
            f"the loss did not fall at any learning rate from {LOWEST:g} to {rate_at(len(taken)):.2g} "
            f"({smooth[0]:.3f}, at best {min(smooth):.3f}): the model does not learn; try groundup doctor"
        )
    enough = smooth[0] - fall * (smooth[0] - min(smooth))
    chosen = next(step.lr for step, loss in zip(taken, smooth, strict=True) if loss <= enough)
    return Curve(
        rates=[step.lr for step in taken],
        losses=losses,
        smooth=smooth,
        chosen=rounded(chosen),
        seconds_a_step=statistics.median(step.seconds for step in taken[2:]),
        tokens_a_step=statistics.fmean(step.tokens for step in taken),
        held_out=held_out,
        seconds=math.fsum(step.seconds for step in taken),
        ended=time.time(),
    )


def smoothed(losses: list[float]) -> list[float]:
    """An exponential mean, without its pull towards zero at the beginning."""
    mean, found = 0.0, []
    for n, loss in enumerate(losses, 1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        found.append(mean / (1 - SMOOTHING**n))
    return found
