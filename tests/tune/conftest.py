"""A tune of tiny models whose trainings run in this process: it takes seconds to start another."""

import contextlib
import dataclasses
import io
import random
import types
from pathlib import Path
from typing import Any

import pytest

from groundup.cli.main import main
from groundup.tune import begin, one, search
from groundup.tune.range_test import read_curve

WORDS = "the cat sees a dog and old dogs like this house by the sea".split()
SETTINGS = "--tokenizer.kind characters --model.context 16 --model.width 16 --model.heads 2 --model.layers 1 "
SETTINGS += "--model.mlp-width 32 --data.batch 8 --data.valid 0.2 --train.threads 1 --train.precision float32"
"""Of the recipe corpus: a tiny model of characters."""


class Done:
    """What is left of a process that has ended."""

    stdin = open("/dev/null", "rb")  # noqa: SIM115

    def poll(self) -> int:
        return 0

    def wait(self, timeout: float | None = None) -> int:
        return 0


class Here:
    """Stands for `start`: carries out the training, and counts them. `stop` trainings later comes a Ctrl-C."""

    def __init__(self) -> None:
        self.trained: list[str] = []
        self.stop: int | None = None

    def __call__(self, module: str, folder: Path, what: str, *, threads: int) -> Any:
        if self.stop is not None and len(self.trained) >= self.stop:
            raise KeyboardInterrupt
        self.trained.append(folder.name)
        with contextlib.redirect_stdout(io.StringIO()):
            one.run_range_test(folder) if what == one.RANGE else one.run_trial(folder, float(what))
        if what == one.RANGE:
            curve = read_curve(folder / one.CURVE)
            dataclasses.replace(curve, seconds_a_step=1e-3, seconds=0.0, ended=0.0).save(folder / one.CURVE)
        return Done()

    def words(self, *more: str, minutes: float = 0.0045, trials: int = 4) -> list[str]:
        """The words of a tune of the text."""
        first = ["tune", "corpus", "text.txt", "--minutes", str(minutes), "--trials", str(trials), "--jobs", "2"]
        return [*first, *more, *SETTINGS.split()]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Here:
    """In a folder of its own, with a text in it; trainings of a tune are carried out in this process."""
    return settle(monkeypatch, tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tune that has ended."""
    place = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        main(settle(patch, place).words())
    return place / "runs" / "corpus-tune"


def settle(patch: pytest.MonkeyPatch, place: Path) -> Here:
    patch.chdir(place)
    draw = random.Random(0)
    text = "".join(" ".join(draw.choices(WORDS, k=6)) + ".\n" for _ in range(120))
    Path("text.txt").write_text(text, encoding="utf-8")
    made = Here()
    patch.setattr(search, "start", made)
    # A step takes a thousandth of a second and all else no time, so that the plan is the same on any machine.
    patch.setattr(begin, "seconds_a_step", lambda recipe, code, steps: 1e-3)
    patch.setattr(begin, "time", types.SimpleNamespace(time=lambda: 0.0, perf_counter=lambda: 0.0))
    return made
