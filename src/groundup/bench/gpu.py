"""Benchmark one GPU in nine minutes: the most useful parts first, all results in one file.

Every part runs in its own processes and has its own time limit. A part that fails or takes too long is recorded, and
the next one runs; the file is written again after every part.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from groundup.bench.gpu_parts import Part, parts
from groundup.bench.race import race
from groundup.bench.report import Report, Table, machine
from groundup.files import write_whole

PACKAGES = ("torch", "transformers", "numpy", "triton")
LEAST = 5.0  # seconds that must be left to begin a part
FORMATS = {
    "tokens/s": ",.0f",
    "ms/step": ",.1f",
    "MFU": ".1%",
    "of peak": ".1%",
    "MiB": ",.0f",
    "parameters": ",",
    "ratio": ".2f",
}
FORMATS |= {"batch tokens": ",", "ours ms": ".1f", "plain ms": ".1f", "seconds": ".0f", "difference": ".1e"}
RULES = (
    "training: forward, backward, clipping to norm 1 and fused AdamW in bfloat16 autocast, as `groundup train` and "
    "`model(labels=)` of transformers run them; MFU is of the data sheet's bfloat16 peak. layers: see `groundup bench "
    "layers`. generation: new tokens of all rows over the whole call, prompt included. resume: weights after 2n steps "
    "against n steps, a resume and n more; a GPU adds in no fixed order, so a small difference is not an error"
)


@dataclass(frozen=True)
class Settings:
    """One GPU in nine minutes: its tests, training, layers, generation and a resume, in one file."""

    dry: bool = False
    """Run the same parts with tiny sizes on any device, to see that all of them work."""
    minutes: float = 9.0
    """Time limit; parts that have not begun by then are left out."""
    rounds: int = 3
    """Rounds, in which the contestants take turns; medians are shown."""
    json: Path | None = Path("gpu.json")
    """File to write the figures to; a readable version is written beside it, with .md in place of .json."""


def compare(settings: Settings, say: Callable[[str], None]) -> Report:
    """Run all parts, and write the results so far after each. Raises ValueError if there is no GPU."""
    what = "dry run" if settings.dry else _card()
    report = Report("gpu", asdict(settings), machine(PACKAGES) | {"device": what}, notes=[RULES])
    until, ran = time.monotonic() + 60 * settings.minutes, []
    tables: dict[str, list[dict[str, Any]]] = {}
    for part in parts(dry=settings.dry):
        began = time.monotonic()
        rows, note = _rows(part, min(part.limit, until - began), rounds=settings.rounds, say=say)
        ran.append({"part": part.name, "seconds": time.monotonic() - began, "note": note or "whole"})
        tables.setdefault(part.table, []).extend(rows)
        report.tables = [Table("what ran", ran, FORMATS)]
        report.tables += [Table(title, found, FORMATS) for title, found in tables.items() if found]
        _write(report, settings.json)
    return report


def _rows(
    part: Part, limit: float, *, rounds: int, say: Callable[[str], None]
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the rows of a part, and the reason if some are missing."""
    if limit < LEAST:
        return [], "left out: the time is used up"
    named = part.name
    outcomes = race(part.contestants, rounds=rounds, limit=limit, say=lambda line: say(f"{named}: {line}"))
    missing = [f"{name}: {outcome.missing}" for name, outcome in outcomes.items() if outcome.missing]
    try:
        return part.rows(outcomes), "; ".join(missing) or None
    except Exception as error:  # a part that fails becomes a row of the table and does not end the benchmark
        return [], "; ".join(missing) or f"failed: {type(error).__name__}: {error}"


def _card() -> str:
    """Return the name of the GPU. Raises ValueError if there is none."""
    import torch

    if not torch.cuda.is_available():
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
        raise ValueError(
            f"no GPU of CUDA is here (torch {torch.__version__}, {built}); see that the parts work: "
            "groundup bench gpu --dry"
        )
    return torch.cuda.get_device_name(0)


def _write(report: Report, path: Path | None) -> None:
    if path is not None:
        report.save(path)
        write_whole(path.with_suffix(".md"), report.markdown())
