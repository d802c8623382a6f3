"""`results.json`: the final figures of a run, each with everything needed to quote it."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from groundup.files import write_whole
from groundup.records import make_record, read_json, short

WAIT = 60.0
"""Seconds to wait for another process that writes results."""


@dataclass(frozen=True)
class Result:
    """One figure with its circumstances."""

    metric: str
    """bleu, chrf, ter, exact-match, token-accuracy, perplexity, bits-per-byte, loss."""
    value: float
    split: str
    """What it was measured on: test, validation, train, or a file."""
    size: int
    """Of what it was measured on, in `unit`."""
    seed: int
    """Of the training."""
    seconds: float
    """What the measuring took."""
    signature: str | None = None
    """sacreBLEU's, or the exact convention of the figure."""
    num_beams: int | None = None
    margin: float | None = None
    """Half the width of the 95% interval, where there is one; the signature says how it was found."""
    unit: str = "pairs"
    """What is counted: pairs, or characters of text."""

    def __str__(self) -> str:
        figure = _with_margin(f"{self.value:.{digits(self.metric)}f}", self)
        return f"{self.metric:13} {figure}{searched(self.num_beams)}  on {self.split}, {self.size:,} {self.unit}"


@dataclass(frozen=True)
class Difference:
    """How far a second run is from a first one, on the same pairs or the same text."""

    metric: str
    first: float
    second: float
    p_value: float
    """How often so large a difference would come by chance, if the two were equally good."""
    signature: str
    num_beams: int | None = None
    margin: float | None = None
    """Half the width of the 95% interval of the difference, where it was found."""

    def __str__(self) -> str:
        delta = _with_margin(f"{self.second - self.first:+.{digits(self.metric)}f}", self)
        return f"{self.metric:13} {delta}  p = {self.p_value:.3f}{searched(self.num_beams)}"


def digits(metric: str) -> int:
    """Decimals worth printing."""
    return 4 if metric in ("loss", "bits-per-byte") else 2


def _with_margin(figure: str, of: Result | Difference) -> str:
    return figure if of.margin is None else f"{figure} ± {of.margin:.{digits(of.metric)}f}"


def searched(num_beams: int | None) -> str:
    """Two spaces and how answers were looked for; nothing where nothing was."""
    return "" if num_beams is None else "  greedy" if num_beams == 1 else f"  {num_beams} beams"


def read_results(path: Path) -> dict[str, Any]:
    """Return what `save_results` and `keep_evaluation` wrote: training, results and, if there are any, evaluations.

    ValueError naming the file and what is wrong in it.
    """
    record = read_json(path)
    try:
        if not isinstance(record, dict) or not isinstance(record.get("training"), dict):
            raise ValueError("it holds no record of a training")
        for result in _objects(record.get("results")):
            make_record(Result, result, "a result")
        for evaluation in _objects(record.get("evaluations", [])):
            for result in _objects(evaluation.get("results")):
                make_record(Difference if "p_value" in result else Result, result, "a result")
    except ValueError as error:
        raise ValueError(f"{path}: not the results of a run: {error}") from None
    return record


def save_results(path: Path, results: list[Result], *, training: dict) -> None:
    """Write the figures and how the training went, replacing the file whole.

    Evaluations stay where they were of the same model: a finished training that was resumed took no step. A file that
    is damaged is put aside as results.json.damaged: the training is over, and its figures must not be lost to that.
    """
    record: dict[str, Any] = {
        "written": _now(),
        "training": training,
        "results": [asdict(result) for result in results],
    }
    with _locked(path):
        if path.is_file():
            try:
                earlier = read_results(path)
                if all(earlier["training"].get(key) == training[key] for key in ("steps", "best_step")):
                    record["evaluations"] = earlier.get("evaluations", [])
            except ValueError:
                path.replace(path.with_name(f"{path.name}.damaged"))
        _replace(path, record)


def keep_evaluation(path: Path, results: Sequence[Result | Difference], *, how: dict[str, Any]) -> None:
    """Add what an evaluation found to a run's figures, in place of an earlier one made in the same way, `how`.

    Nothing is written where the training has left no figures yet. Any number of processes may do it at once.
    """
    if not path.is_file():
        return
    with _locked(path):
        record = read_results(path)
        earlier = [one for one in record.get("evaluations", []) if one.get("how") != how]
        added = {"written": _now(), "how": how, "results": [asdict(one) for one in results]}
        _replace(path, record | {"evaluations": [*earlier, added]})


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Within it no other process changes the file."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=WAIT) as lock:
            yield
            with suppress(
                OSError
            ):  # who waits for it finds that it is gone, and makes another; Windows removes it itself
                Path(lock.lock_file).unlink()
    except Timeout:
        raise OSError(f"{path}: another process has been writing it for {WAIT:g} seconds; try again") from None


def _objects(values: Any) -> list[dict[str, Any]]:
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ValueError(f"{short(values)} must be a list of objects")
    return values


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _replace(path: Path, record: dict[str, Any]) -> None:
    write_whole(path, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
