"""make torture: everything that may happen to a training does, many times; one table, and a report in JSON.

    python tests/torture/run.py [--scale 1.0] [--only a,c] [--seed 0] [--out runs/torture.json]

Scale 1 fits into half an hour on two cores. Exit code 1 where anything failed.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from disks import disks
from flips import flips
from kills import kills
from notfinite import notfinite
from outputs import outputs
from overhead import overhead
from preparers import preparers
from saves import saves, system_calls
from sealed import sealed
from served import served
from slices import sliced_flips, sliced_kills, sliced_saves
from starts import starts
from stops import stops
from sweep import sweep
from tiny import Row

Part = Callable[[float, int, Path], list[Row]]


def scaled(count: int, scale: float, least: int = 2) -> int:
    return max(least, round(count * scale))


def stride(scale: float) -> int:
    """Every call at scale 1 and above, each n-th below."""
    return max(1, round(1 / scale)) if scale < 1 else 1


PARTS: dict[str, Part] = {
    "a": lambda scale, seed, folder: [kills(scaled(200, scale, 4), folder, seed=seed)],
    "b": lambda scale, seed, folder: saves(folder, every=stride(scale)) + system_calls(folder, every=stride(scale)),
    "c": lambda scale, seed, folder: flips(scaled(10_000, scale, 100), folder, seed=seed),
    "d": lambda scale, seed, folder: disks(scaled(25, scale), folder, seed=seed),
    "e": lambda scale, seed, folder: stops(scaled(50, scale, 4), folder, seed=seed),
    "f": lambda scale, seed, folder: notfinite(scaled(20, scale), folder, seed=seed),
    "g": lambda scale, seed, folder: [
        *sliced_flips(scaled(2_000, scale, 40), folder, seed=seed),
        *sliced_saves(folder, every=stride(scale)),
        sliced_kills(scaled(40, scale, 4), folder, seed=seed),
    ],
    "h": lambda scale, seed, folder: overhead(scaled(7, scale, 3), folder),
    "i": lambda scale, seed, folder: [sealed(scaled(400, scale, 10), folder, seed=seed)],
    "j": lambda scale, seed, folder: [outputs(scaled(50, scale, 4), folder, seed=seed)],
    "k": lambda scale, seed, folder: [starts(scaled(40, scale), folder, seed=seed)],
    "l": lambda scale, seed, folder: [preparers(scaled(60, scale, 6), folder, seed=seed)],
    "m": lambda scale, seed, folder: [served(scaled(150, scale, 5), folder, seed=seed)],
    "s": lambda scale, seed, folder: sweep(
        scaled(2000, scale, 20), scaled(400, scale, 10), folder.resolve(), seed=seed
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="how many trials, times what is stated for 1")
    parser.add_argument("--only", default="".join(PARTS), help="letters of the parts to run, such as ac")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/torture.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # a child of a process with threads may hang
    began, rows, minutes = time.perf_counter(), [], {}
    print(f"{machine()}; scale {arguments.scale:g}, seed {arguments.seed}\n", flush=True)
    for letter, part in PARTS.items():
        if letter not in arguments.only:
            continue
        start = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            found = part(arguments.scale, arguments.seed, Path(folder))
        minutes[letter] = round((time.perf_counter() - start) / 60, 1)
        rows += found
        for row in found:
            print(line(row), flush=True)
    failed = sum(row.failed for row in rows if not row.context)
    total = (time.perf_counter() - began) / 60
    print(f"\n{failed} failures in {sum(row.tried for row in rows if not row.context):,} trials, {total:.1f} minutes")
    for row in rows:
        for failure in row.details.get("failures", [])[:3]:
            print(f"  {row.part}: {failure.strip()}")
    report = {
        "command": " ".join(["python", *sys.argv]),
        "machine": machine(),
        "scale": arguments.scale,
        "seed": arguments.seed,
        "minutes": minutes | {"all": round(total, 1)},
        "rows": [asdict(row) for row in rows],
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    return int(failed > 0)


def line(row: Row) -> str:
    return f"{row.part}  {row.what:52}  {row.failed:>6,} of {row.tried:>6,}  {row.note}"


def machine() -> str:
    return f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}"


if __name__ == "__main__":
    sys.exit(main())
