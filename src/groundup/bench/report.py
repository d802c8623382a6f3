"""The report of a benchmark: tables for people, JSON for programs, and the machine on which it was measured."""

import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from groundup import __version__
from groundup.files import write_whole
from groundup.machine import cores, processor


@dataclass
class Table:
    """Rows of values by heading. formats: heading -> format of its numbers. None is written as a dash."""

    title: str
    rows: list[dict[str, Any]]
    formats: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        headings = list(dict.fromkeys(heading for row in self.rows for heading in row if heading != "note"))
        cells = [headings, *([self._cell(row, heading) for heading in headings] for row in self.rows)]
        widths = [max(len(line[i]) for line in cells) for i in range(len(headings))]
        numbers = [any(isinstance(row.get(heading), int | float) for row in self.rows) for heading in headings]
        notes = ["", *(row.get("note") or "" for row in self.rows)]
        lines = [self.title]
        for line, note in zip(cells, notes, strict=True):
            padded = [
                cell.rjust(width) if number else cell.ljust(width)
                for cell, width, number in zip(line, widths, numbers, strict=True)
            ]
            lines.append("  " + "  ".join([*padded, note]).rstrip())
        return "\n".join(lines)

    def markdown(self) -> str:
        """Return the table in Markdown."""
        headings = list(dict.fromkeys(heading for row in self.rows for heading in row))
        lines = [f"## {self.title}", "", _line(headings), _line(["---"] * len(headings))]
        return "\n".join([*lines, *(_line([self._cell(row, heading) for heading in headings]) for row in self.rows)])

    def _cell(self, row: dict[str, Any], heading: str) -> str:
        value = row.get(heading)
        if value is None:
            return "-"
        return format(value, self.formats.get(heading, "")) if isinstance(value, int | float) else str(value)


@dataclass
class Report:
    """The results of one run of one benchmark."""

    benchmark: str
    settings: dict[str, Any]
    machine: dict[str, Any]
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        machine = "  ".join(f"{key} {value}" for key, value in self.machine.items() if key != "versions")
        versions = "  ".join(f"{name} {version}" for name, version in self.machine["versions"].items())
        return "\n\n".join([f"{machine}\n{versions}", *map(str, self.tables), "\n".join(self.notes)]).rstrip()

    def markdown(self) -> str:
        """Return the report in Markdown."""
        facts = {key: value for key, value in self.machine.items() if key != "versions"} | self.machine["versions"]
        listed = "\n".join(f"- {name}: {value}" for name, value in facts.items())
        tables = [table.markdown() for table in self.tables]
        return "\n\n".join([f"# groundup bench {self.benchmark}", listed, *tables, *self.notes]) + "\n"

    def save(self, path: str | Path) -> None:
        """Write the report as JSON."""
        write_whole(Path(path), json.dumps(asdict(self), indent=2, ensure_ascii=False, default=str) + "\n")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def machine(packages: Sequence[str]) -> dict[str, Any]:
    """Return the processor, its cores, their load, and the versions of those packages that are installed."""

    versions = {"groundup": __version__, "python": platform.python_version()}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    busy = {"load": round(os.getloadavg()[0], 1)} if hasattr(os, "getloadavg") else {}
    return {"processor": processor(), "cores": cores(), **busy, "versions": versions}


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """Divide one by the other; None if one is missing."""
    return numerator / denominator if numerator is not None and denominator else None


def to_stderr() -> Callable[[str], None]:
    """Return a function that shows progress: it overwrites one line on a terminal, and prints lines elsewhere."""

    def say(line: str) -> None:
        terminal = sys.stderr.isatty()
        print(f"\r{line}\x1b[K" if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)

    return say
