"""A report: all findings as a record, as JSON and as text, the root cause first."""

import json
import shutil
import textwrap
from dataclasses import asdict, dataclass

from groundup.doctor.finding import Finding, Place

MARKS = {"wrong": "WRONG", "mild": "MILD ", "note": "note "}


@dataclass(frozen=True)
class Report:
    """All findings, the root cause first, and what was looked at."""

    patient: str
    findings: tuple[Finding, ...]
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    """What could not be looked at, each with its reason."""
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, not even mildly."""
        return all(finding.severity == "note" for finding in self.findings)

    def to_json(self) -> str:
        return json.dumps({"sound": self.sound, **asdict(self)}, indent=2, ensure_ascii=False)

    @classmethod
    def from_record(cls, record: dict) -> "Report":
        """The report of a record that was read from JSON."""
        findings = tuple(Finding(**{**one, "place": Place(**one["place"])}) for one in record["findings"])
        lists = {name: tuple(record[name]) for name in ("checked", "not_checked")}
        return cls(record["patient"], findings, **lists, seconds=record["seconds"])

    def __str__(self) -> str:
        return write(self)

    __repr__ = __str__


def write(report: Report, *, width: int | None = None) -> str:
    """The report for people to read."""
    width = width or max(60, min(shutil.get_terminal_size().columns, 110))
    faults = [one for one in report.findings if one.severity != "note"]
    if not report.findings:
        head = f"{report.patient}: nothing wrong was found"
    elif not faults:
        head = f"{report.patient}: sound, with {_count(len(report.findings), 'remark')}"
    else:
        head = f"{report.patient}: {_count(len(faults), 'thing')} wrong"
    blocks = [head, *(_finding(one, width) for one in report.findings), _foot(report, width)]
    return "\n\n".join(blocks)


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _finding(finding: Finding, width: int) -> str:
    rows = [("seen", finding.seen), ("means", finding.meaning)]
    if where := str(finding.place):
        rows.append(("where", where))
    if finding.severity != "note":
        rows += [("look for", finding.look_for), ("cure", finding.cure)]
    rows.append(("read", finding.page))
    lines = [f"{MARKS[finding.severity]}  {finding.title}"]
    for word, text in rows:
        lines += textwrap.wrap(
            text,
            width,
            initial_indent=f"  {word:9}",
            subsequent_indent=" " * 11,
            break_on_hyphens=False,
            break_long_words=False,
        )
    return "\n".join(lines)


def _foot(report: Report, width: int) -> str:
    lines = [f"{_count(len(report.checked), 'check')} in {report.seconds:.1f} s"]
    for one in report.not_checked:
        lines += textwrap.wrap(one, width, initial_indent="not looked at: ", subsequent_indent="  ")
    return "\n".join(lines)
