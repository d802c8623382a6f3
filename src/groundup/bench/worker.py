"""The process of one contestant: `python -m groundup.bench.worker`, which reads and writes lines of JSON.

The first line has a job (a generator function), its arguments, and how many cores it may use. The generator sets itself
up and yields a record of facts; for every further line it does its work once and yields its measurements. Each answer
also has the process's peak memory so far.
"""

import importlib
import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # the output of libraries must not mix with the answers
    request = json.loads(sys.stdin.readline())
    if request.get("threads") is not None and hasattr(os, "sched_setaffinity"):  # some libraries obey only this limit
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: request.get("threads")])
    module, function = request["job"].split(":")
    try:
        job = getattr(importlib.import_module(module), function)(**request["arguments"])
        answers.write(_line(next(job)))
        answers.flush()
        for _ in sys.stdin:
            answers.write(_line(next(job)))
            answers.flush()
    except (Exception, SystemExit) as error:  # a contestant that fails becomes a row of the table
        answers.write(json.dumps({"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}) + "\n")
        answers.flush()


def _line(measured: dict) -> str:
    return json.dumps(measured | {"peak_mib": round(peak_mib(), 1)}) + "\n"


def seconds_of(work: Callable[[], object], *, times: int = 1) -> float:
    """Return the seconds of one call, the mean of `times`. Waits for the accelerator's queue."""
    import torch

    began = time.perf_counter()
    for _ in range(times):
        work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - began) / times


def peak_mib() -> float:
    """Return the peak memory of this process in MiB; NaN on Windows, where it is not known."""
    try:  # Linux; `getrusage` would count the parent's memory at the fork as ours
        return _status("VmHWM")
    except (OSError, StopIteration):
        try:
            import resource
        except ImportError:  # Windows
            return math.nan
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def now_mib() -> float:
    """Return the memory of this process now, in MiB (Linux; elsewhere the peak so far)."""
    try:
        return _status("VmRSS")
    except (OSError, StopIteration):
        return peak_mib()


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


if __name__ == "__main__":
    main()
