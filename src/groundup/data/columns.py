"""Files of columns as pairs: tab-separated or CSV, with or without quotes, a header or id columns.

What a file means is found out from all of its lines, and what is ambiguous is refused with the cure: a wrong guess
would train on halves of sentences or on numbers, without anyone seeing it.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import regex

from groundup.data.names import sides_of
from groundup.text.unpacked import suffix

_QUOTED = regex.compile(r'"(?:[^"]|"")*+"')


class Line(NamedTuple):
    """A line of a file as its columns."""

    number: int
    """Of the line, from 1."""
    cells: list[str]


class Table(NamedTuple):
    """The lines of a file without its header, and which of their columns are the pair."""

    lines: list[Line]
    source: int
    target: int
    header: list[str] | None

    def __str__(self) -> str:
        width = max((len(line.cells) for line in self.lines), default=2)
        named = "" if self.header is None else f", named {' | '.join(self.header)} in the first line"
        return f"columns {self.source + 1} and {self.target + 1} of {width}{named}"


def read_table(path: str | Path, lines: Sequence[str], *, bare: bool = False) -> Table:
    """What the lines of a file mean as columns.

    bare: a line of one column is a source without a target, unless most lines are such.
    """
    comma = suffix(Path(path)) == ".csv"
    found = _csv(path, lines) if comma else _tabs(path, lines)
    one = [line.number for line in found if len(line.cells) == 1 and line.cells[0].strip()]
    if one and not (bare and 2 * len(one) < len(found)):
        others = f" (and {len(one) - 1:,} more lines)" if len(one) > 1 else ""
        sign = "comma" if comma else "tab"
        raise ValueError(
            f"{path}, line {one[0]}{others}: one column; a pair is a source and a target with a {sign} between them. "
            f"Put the {sign} in, or delete the line"
        )
    begins = next((i for i, line in enumerate(found) if any(cell.strip() for cell in line.cells)), 0)
    first = found[begins].cells
    if (sides := sides_of(first)) is not None:
        return Table(found[begins + 1 :], first.index(sides[0]), first.index(sides[1]), first)
    return Table(found, *_places(path, [line.cells for line in found if len(line.cells) == len(first)]), None)


def pairs_of(table: Table) -> Iterator[tuple[int, str, str]]:
    """Line number, source and target of every line; an empty line is an empty pair."""
    for line in table.lines:
        cells = line.cells + [""] * (1 + max(table.source, table.target) - len(line.cells))
        yield line.number, cells[table.source], cells[table.target]


def _tabs(path: str | Path, lines: Sequence[str]) -> list[Line]:
    """Columns between tabs. Quotes are text, unless the file is written so that they can only be CSV's."""
    if _quoted(lines):
        return _parsed(path, lines, "\t")
    plain = [Line(number, line.split("\t")) for number, line in enumerate(lines, start=1)]
    _refuse_uneven(path, plain, "tab")
    return plain


def _quoted(lines: Sequence[str]) -> bool:
    """Whether a CSV writer put the quotes there: only around whole columns, and at least once they were needed."""
    row = regex.compile(r'(?:"(?:[^"]|"")*+"|[^"\t]*+)(?:\t(?:"(?:[^"]|"")*+"|[^"\t]*+))*+')
    needed = False
    for line in lines:
        if '"' in line:
            if not row.fullmatch(line):
                return False
            needed = needed or any("\t" in cell or '""' in cell[1:-1] for cell in _QUOTED.findall(line))
    return needed


def _csv(path: str | Path, lines: Sequence[str]) -> list[Line]:
    """Columns of a .csv: between commas, or semicolons where a spreadsheet wrote those, or tabs."""
    for sign in (",", ";", "\t"):
        table = _parsed(path, lines, sign, check=False)
        widths = {len(line.cells) for line in table if any(cell.strip() for cell in line.cells)}
        if len(widths) == 1 and widths != {1}:
            return table
    return _parsed(path, lines, ",")


def _parsed(path: str | Path, lines: Sequence[str], sign: str, *, check: bool = True) -> list[Line]:
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=sign, strict=check)
    table, begins = [], 1
    try:
        for cells in reader:
            table.append(Line(begins, [cell.replace("\n", " ") for cell in cells] or [""]))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}, line {begins}: not CSV ({error}); close the quotes there") from None
    if check:
        _refuse_uneven(path, table, {",": "comma", ";": "semicolon", "\t": "tab"}[sign])
    return table


def _refuse_uneven(path: str | Path, table: Sequence[Line], sign: str) -> None:
    """ValueError where a line has more columns than most: a separator is inside a sentence, or quotes are missing."""
    counts = Counter(len(line.cells) for line in table if len(line.cells) > 1)
    if not counts:
        return
    usual = max(counts, key=lambda width: (counts[width], width))
    if more := [line for line in table if len(line.cells) > usual]:
        others = f" (and {len(more) - 1:,} more lines)" if len(more) > 1 else ""
        cure = f"take the {sign} out" if sign == "tab" else "put the sentence in double quotes"
        raise ValueError(
            f"{path}, line {more[0].number}{others}: {len(more[0].cells)} columns, where most lines have {usual}; if a "
            f"{sign} is inside a sentence, {cure}; if the rest are notes, keep two columns: cut -f 1,2 {path} > new.tsv"
        )


def _places(path: str | Path, rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """The columns of source and target, from 0, where no header names them."""
    width = len(rows[0])
    numbers = [all(row[at].strip().isdecimal() for row in rows) for at in range(width)]
    if numbers == [True, False, True, False]:  # Tatoeba's: id, sentence, id, sentence
        return 1, 3
    if width > 2 and (any(numbers[:2]) or suffix(Path(path)) == ".csv"):
        only = f"column {numbers.index(True) + 1} holds nothing but numbers" if any(numbers[:2]) else "no header"
        raise ValueError(
            f"{path}: {width} columns ({' | '.join(rows[0])}) and {only}, so it is not clear which two are the pair; "
            "put a first line there that names these source and target, or delete the others"
        )
    return 0, 1
