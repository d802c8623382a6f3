"""Examine a file in a process of its own, with a time limit: whatever it does, the doctor comes back."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from groundup.doctor.finding import Finding, Place
from groundup.doctor.report import Report

SECONDS = 60.0
GRACE = 15.0
"""Seconds to start in, on a busy machine: the child ends itself, and says in which line it was."""


def visit(path: str | Path, *, seconds: float = SECONDS) -> Report:
    """The report on an author's Python file. ValueError where it cannot be examined, with what to write."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} is not a file; give a Python file with `def model(): ...`, a run or a recipe")
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text file in UTF-8; give a Python file") from None
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, "-m", "groundup.doctor.bedside", str(path), str(result), str(seconds)]
        environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": _path()}
        with (Path(folder) / "said").open("w+b") as said:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, env=environment
            )
            try:
                code: int | None = child.wait(seconds + GRACE)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                child.kill()
                child.wait()
            said.seek(0)
            last = said.read()[-2000:].decode("utf-8", "replace").strip().splitlines()[-1:]
        record = json.loads(result.read_text(encoding="utf-8")) if result.is_file() else {}
        trace = result.with_suffix(".trace")
        stopped = trace.read_text(encoding="utf-8", errors="replace") if trace.is_file() else ""
    return _report(path, record, code, stopped, "".join(last), seconds)


def _path() -> str:
    """Where the child finds this package, and whatever its parent finds."""
    here = str(Path(__file__).parents[2])
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])


def _report(path: Path, record: dict[str, Any], code: int | None, stopped: str, last: str, seconds: float) -> Report:
    if "unfit" in record:
        raise ValueError(record["unfit"])
    if "report" in record:
        return Report.from_record(record["report"])
    stage = record.get("stage", "the start")
    if code is None or stopped:
        seen = f"after {seconds:.0f} s it was still busy with {stage}"
        found = tuple(Finding(**{**one, "place": Place(**one["place"])}) for one in record.get("found", ()))
        if stage not in ("reading the file", "the first logits", "generation"):  # it runs, and is only slow
            if not record.get("checked") and not found:
                raise ValueError(
                    f"{path.name}: {seen}; give model() a smaller size, or the doctor more time: --seconds 300"
                )
            late = ", ".join([stage, *record.get("ahead", ())])
            late += ": the time was over; give it more (--seconds 300) or a smaller model"
            return Report(path.name, found, tuple(record.get("checked", ())), (late,), seconds)
        return Report(path.name, (*found, Finding("hang", seen, _line(path, stopped))), seconds=seconds)
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    finding = Finding("crash", f"the process ended ({how}) while it was busy with {stage}: {last}".rstrip(": "))
    return Report(path.name, (finding,))


def _line(path: Path, trace: str) -> Place:
    """The innermost line of the file in a traceback that faulthandler wrote, which begins with the innermost."""
    found = re.search(rf'File "{re.escape(str(path))}", line (\d+)', trace)
    if found is None:
        return Place()
    line = int(found[1])
    text = path.read_text(encoding="utf-8").splitlines()
    return Place(file=path.name, line=line, source=text[line - 1].strip() if line <= len(text) else "")
