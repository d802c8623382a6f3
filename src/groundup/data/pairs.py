"""Sentence pairs from files: tab-separated columns, two line-aligned files, or JSON lines. `dialogue` has turns."""

from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from groundup.data.corpus import existing, read_lines, read_records, suffix, text_field
from groundup.data.normalise import normalise_sentence

PAIR_SUFFIXES = (".tsv", ".txt", ".jsonl")
"""What one file of pairs may be, each also with .gz; .txt is read as tab-separated, as manythings.org names it."""


class Pair(NamedTuple):
    """A sentence and what it should become: its translation, or the reply to it."""

    source: str
    target: str


class Clean(NamedTuple):
    """Pairs fit for use, and how many rows were not."""

    pairs: list[Pair]
    empty: int
    """Rows left out because a side of theirs holds no text."""
    repeated: int
    """Rows left out because the same pair stood before them."""


def read_pairs(path: str | Path, other: str | Path | None = None, *, distinct: bool = True) -> list[Pair]:
    """The pairs of one file, or of two whose line n belong together, normalised, without empty and repeated rows.

    One file is .tsv (the first two columns; further ones are ignored, quotes mean nothing), or .jsonl with the keys
    "source" and "target". A published test set is read with distinct=False: its repeated rows count.
    """
    return clean(read_rows(path, other), distinct=distinct).pairs


def read_rows(path: str | Path, other: str | Path | None = None) -> Iterator[Pair]:
    """The pairs as they stand in the files."""
    return (row.pair for row in numbered_rows(path, other))


class Row(NamedTuple):
    """A pair and where it stands."""

    line: int
    pair: Pair


def numbered_rows(path: str | Path, other: str | Path | None = None, *, bare: bool = False) -> Iterator[Row]:
    """The pairs as they stand in the files, with the numbers of their lines from 1; an empty line is an empty pair.

    A line without a tab is a ValueError; with `bare` it is a source without a target, unless most lines are so.
    """
    if other is not None:
        return _aligned(path, other)
    if existing(path).is_dir():
        raise ValueError(f"{path}: is a folder; pairs come from one file ({', '.join(PAIR_SUFFIXES)}) or two aligned")
    kind = suffix(Path(path))
    if kind not in PAIR_SUFFIXES:
        raise ValueError(f"{path}: unknown suffix {kind!r} for pairs; known: {', '.join(PAIR_SUFFIXES)}, .gz")
    return _records(path) if kind == ".jsonl" else _columns(path, bare)


def clean(rows: Iterable[tuple[str, str]], *, distinct: bool = True) -> Clean:
    """Normalise both sides of every row and leave out the empty and, if `distinct`, the repeated ones."""
    kept: list[Pair] = []
    seen: set[Pair] = set()
    empty = repeated = 0
    for source, target in rows:
        pair = Pair(normalise_sentence(source), normalise_sentence(target))
        if not (pair.source and pair.target):
            empty += 1
        elif distinct and pair in seen:
            repeated += 1
        else:
            seen.add(pair)
            kept.append(pair)
    return Clean(kept, empty, repeated)


def record_pair(record: dict[str, Any], path: str | Path, line: int) -> Pair:
    """The pair of a JSON record. ValueError names file, line and key where "source" or "target" is no text."""
    return Pair(text_field(record, "source", path, line), text_field(record, "target", path, line))


def _columns(path: str | Path, bare: bool) -> Iterator[Row]:
    lines = read_lines(path)
    without = [number for number, line in enumerate(lines, start=1) if line.strip() and "\t" not in line]
    if without and not (bare and 2 * len(without) < len(lines)):
        others = f" (and {len(without) - 1:,} more lines)" if len(without) > 1 else ""
        raise ValueError(
            f"{path}, line {without[0]}{others}: one column; a pair is a source and a target with a tab between them. "
            "Put the tab in, or delete the line"
        )
    for number, line in enumerate(lines, start=1):
        source, target, *_ = [*line.split("\t"), ""]
        yield Row(number, Pair(source, target))


def _aligned(path: str | Path, other: str | Path) -> Iterator[Row]:
    sources, targets = read_lines(path), read_lines(other)
    if len(sources) != len(targets):
        raise ValueError(
            f"{path} has {len(sources):,} lines and {other} has {len(targets):,}: "
            "line n of one must belong to line n of the other"
        )
    return map(Row, count(1), map(Pair, sources, targets))


def _records(path: str | Path) -> Iterator[Row]:
    for line, record in read_records(path):
        yield Row(line, record_pair(record, path, line))
