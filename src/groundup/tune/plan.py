"""The plan of a tune: which trials there are, how long each is trained on every rung, and how few go on.

It is written before the first trial begins. Time decides the plan, and nothing after it: every training is counted in
steps. So a tune that was killed, or that goes on on a slower machine, ends with the same trials and the same winner.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from groundup.files import write_whole
from groundup.records import make_record, read_json

FACTOR = 3
"""A rung trains this many times as long as the one below, and one in this many trials goes on to it."""
TRIALS = 24
"""Trials where nobody says how many."""
LEAST_STEPS = 40
"""Steps of the recipe's own model on the first rung: fewer say little about a trial."""


@dataclass(frozen=True)
class Plan:
    """What a tune will do."""

    asked: dict[str, float | int | None]
    """The minutes, trials, seed that the command asked for: another command is another tune."""
    rate: float
    """The learning rate that the range test chose."""
    axes: dict[str, list[float]]
    """The values of every axis."""
    trials: list[dict[str, float]]
    """The settings of each trial; the first two are the recipe's own, with its own rate and with the range test's."""
    rungs: list[int]
    """How many trials are trained on each rung."""
    steps: list[list[int]]
    """steps[trial][rung]"""
    seconds: list[float]
    """About how long a training of each rung takes."""
    held_out: list[float]
    """The share of the validation part that each rung is judged on."""
    jobs: int
    """Trainings at a time."""
    threads: int
    """Threads of each."""

    def __post_init__(self) -> None:
        """ValueError where the parts do not belong together, as in a file that someone has changed."""
        whole = (
            self.asked.keys() == {"minutes", "trials", "seed"}
            and len(self.steps) == len(self.trials) == (self.rungs or [0])[0] > 0
            and all(len(of_trial) == len(self.rungs) for of_trial in (self.seconds, self.held_out, *self.steps))
            and all(settings.keys() == self.axes.keys() for settings in self.trials)
        )
        if not whole:
            raise ValueError("its trials, rungs and steps do not belong together")

    def save(self, path: Path) -> None:
        write_whole(path, json.dumps(asdict(self), indent=2) + "\n", durable=True)


def read_plan(path: Path) -> Plan | None:
    """The plan in this file; None where there is none yet."""
    if not path.is_file():
        return None
    try:
        return make_record(Plan, read_json(path), "a plan")
    except ValueError as error:
        raise ValueError(f"{path}: damaged ({error}); give the tune another --name, or delete its folder") from error


def rungs(trials: int) -> list[int]:
    """How many trials are on each rung: [24, 8, 3]."""
    found = [trials]
    while found[-1] > FACTOR:
        found.append(max(1, round(found[-1] / FACTOR)))
    return found


@dataclass(frozen=True)
class Speed:
    """What was measured of the recipe itself, in seconds."""

    step: float
    """An optimizer step."""
    start: float
    """From the start of a process to its first step."""
    own: float
    """The whole training that the recipe asks for; no rung is longer."""

    @property
    def least(self) -> float:
        """A training on the first rung."""
        return LEAST_STEPS * self.step


VALIDATING = 1.2
"""Training and validation together take about this many times as long as the training: see `tune.one`."""


def first_rung(trials: int, seconds: float, speed: Speed, jobs: int) -> float:
    """How long a training on the first rung may be, in seconds, so that all rungs take `seconds`; less than 0 where
    the processes alone take longer."""
    waves = [math.ceil(count / jobs) for count in rungs(trials)]
    each = sum(wave * FACTOR**rung for rung, wave in enumerate(waves)) * VALIDATING
    longest = speed.own / FACTOR ** (len(waves) - 1)
    return min(longest, (seconds - sum(waves) * speed.start) / each)


def takes(trials: int, first: float, speed: Speed, jobs: int) -> float:
    """The seconds of all rungs, where a training on the first one takes `first`."""
    waves = [math.ceil(count / jobs) for count in rungs(trials)]
    return sum(wave * (speed.start + VALIDATING * first * FACTOR**rung) for rung, wave in enumerate(waves))


def how_many(asked: int | None, seconds: float, speed: Speed, jobs: int, *, used: float) -> int:
    """The number of trials that the seconds are enough for: as many as asked for, or up to TRIALS.

    used: seconds that the range test took already. ValueError, with the least that is needed, where they are too few.
    """
    for trials in (asked,) if asked else range(TRIALS, 0, -1):
        if first_rung(trials, seconds, speed, jobs) >= min(speed.least, speed.own):
            return trials
    need = (used + takes(asked or 1, speed.least, speed, jobs)) / 60
    what = f"{asked} trials need" if asked and asked > 1 else "a single trial needs"
    fewer = " or fewer --trials" if asked and asked > 1 else ""
    raise ValueError(
        f"{what} at least {_up(need)} minutes here ({speed.step:.2g} s a step, {LEAST_STEPS} steps and the start, "
        f"after {used:.0f} s of range test), not {(seconds + used) / 60:.2g}; try --minutes {_up(need)}{fewer}"
    )


def steps_of(seconds_a_step: Sequence[float], first: float, count: int) -> list[list[int]]:
    """The steps of each trial on each of `count` rungs: as many as its own speed allows in the time of the rung."""
    return [[max(1, round(first * FACTOR**rung / one)) for rung in range(count)] for one in seconds_a_step]


def survivors(losses: Mapping[int, float], count: int) -> list[int]:
    """The numbers of the best `count` trials, best first; of equal ones the first is better."""
    return sorted(losses, key=lambda number: (losses[number], number))[:count]


def _up(minutes: float) -> str:
    return f"{math.ceil(minutes * 10) / 10:g}"
