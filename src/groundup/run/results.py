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
"""Seconds to wait while another process writes results."""


@dataclass(frozen=True)
class Result:
    """One figure with its circumstances."""

    metric: str
    """bleu, chrf, ter, exact-match, token-accuracy, perplexity, bits-per-byte, loss."""
    value: float
    split: str
    """The data that it was measured on: test, validation, train, or a file."""
    size: int
    """The size of that data, in `unit`."""
    seed: int
    """Of the training."""
    seconds: float
    """What the measuring took."""
    signature: str | None = None
    """sacreBLEU's signature, or the exact convention of the figure."""
    num_beams: int | None = None
    margin: float | None = None
    """Half the width of the 95% interval, if there is one; the signature says how it was computed."""
    unit: str = "pairs"
    """What `size` counts: pairs, characters of text, or questions."""

    def __str__(self) -> str:
        figure = _with_margin(f"{self.value:.{digits(self.metric)}f}", self)
        return f"{self.metric:13} {figure}{searched(self.num_beams)}  on {self.split}, {self.size:,} {self.unit}"


@dataclass(frozen=True)
class Difference:
    """The difference between two runs on the same pairs or the same text."""

    metric: str
    first: float
    second: float
    p_value: float
    """How often chance gives such a large difference if both are equally good."""
    signature: str
    num_beams: int | None = None
    margin: float | None = None
    """Half the width of the 95% interval of the difference, if it was computed."""

    def __str__(self) -> str:
        delta = _with_margin(f"{self.second - self.first:+.{digits(self.metric)}f}", self)
        return f"{self.metric:13} {delta}  p = {self.p_value:.3f}{searched(self.num_beams)}"


def digits(metric: str) -> int:
    """The number of decimals to print."""
    return 4 if metric in ("loss", "bits-per-byte") else 2


def _with_margin(figure: str, of: Result | Difference) -> str:
    return figure if of.margin is None else f"{figure} ± {of.margin:.{digits(of.metric)}f}"


def searched(num_beams: int | None) -> str:
    """Return two spaces and the way in which answers were generated, or ""."""
    return "" if num_beams is None else "  greedy" if num_beams == 1 else f"  {num_beams} beams"


def read_results(path: Path) -> dict[str, Any]:
    """Return what `save_results` and `keep_evaluation` wrote: training, results and, if there are any, evaluations.

    Raises ValueError with the file and what is wrong in it.
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
    """Write the figures and the record of the training. Replaces the whole file.

    Evaluations of the same model stay, as when a finished training was resumed and took no step. A damaged file is
    renamed to results.json.damaged, because the figures of a finished training must not be lost.
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
    """Add an evaluation to a run's figures. It replaces an earlier one that was made in the same way, `how`.

    Nothing is written if the training has no figures yet. Any number of processes may do this at once.
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
    """Inside the `with`, no other process changes the file."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=WAIT) as lock:
            yield
            with suppress(
                OSError
            ):  # a process that waits for it notices that it is gone and makes another; Windows removes it itself
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
