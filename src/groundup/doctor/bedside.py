"""The process in which an author's file is executed: `python -m groundup.doctor.bedside FILE RESULT SECONDS`.

RESULT is written again before each check, so that whoever waits knows what was going on when time ran out.
"""

import faulthandler
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from groundup.doctor.causes import sort_out
from groundup.doctor.examine import CHECKS, LAST, _crash, examine
from groundup.doctor.finding import Finding
from groundup.doctor.patient import Crashed, Patient, Unfit
from groundup.doctor.reading import read_patient
from groundup.doctor.report import Report


def main(file: str, result: str, seconds: str) -> None:
    began, limit = time.monotonic(), float(seconds)
    target = Path(result)
    trace = target.with_suffix(".trace").open("w")
    faulthandler.dump_traceback_later(limit, file=trace, exit=True)

    def write(**record: object) -> None:
        target.write_text(json.dumps(record), encoding="utf-8")

    begun: list[str] = []

    def say(name: str, found: list[Finding]) -> None:
        begun.append(name)
        rest = [one for one in (*CHECKS, LAST) if one not in begun]
        write(
            stage=name,
            found=[asdict(one) for one in sort_out(found)],
            checked=[one for one in begun[:-1] if one in CHECKS],
            ahead=rest,
        )

    write(stage="reading the file")
    path = Path(file)
    try:
        try:
            patient = read_patient(path, seconds=limit / 2)
        except Crashed as crash:
            empty = Patient(lambda: None, {}, source=path.read_text(encoding="utf-8"), file=file, name=path.name)  # type: ignore[arg-type,return-value]
            report = Report(path.name, (_crash(empty, crash),), seconds=round(time.monotonic() - began, 2))
        else:
            patient.deadline = began + limit * 0.8
            report = examine(patient, say=say)
        write(report=json.loads(report.to_json()))
    except Unfit as unfit:
        write(unfit=str(unfit))


if __name__ == "__main__":
    main(*sys.argv[1:])
