"""Sentence pairs from files: columns, two line-aligned files, or JSON records. `dialogue` has turns."""

from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from groundup.data.columns import pairs_of, read_table
from groundup.data.corpus import read_lines
from groundup.data.names import sides_of
from groundup.data.normalise import normalise_sentence
from groundup.data.records import JSON_SUFFIXES, read_records, text_field
from groundup.text.unpacked import existing, suffix

PAIR_SUFFIXES = (".tsv", ".txt", ".csv", *JSON_SUFFIXES)
"""What one file of pairs may be, each also with .gz; .txt is read as tab-separated, as manythings.org names it."""
LONGEST = 1_000_000  # characters of a line; a sentence has some hundred


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
    """Rows left out because the same pair came before them."""


def read_pairs(path: str | Path, other: str | Path | None = None, *, distinct: bool = True) -> list[Pair]:
    """The pairs of one file, or of two whose line n belong together, normalised, without empty and repeated rows.

    One file is .tsv or .csv (the first two columns, those that a header names, or Tatoeba's sentences with their ids;
    see `columns`), or .jsonl or .json with the keys "source" and "target", two languages, or {"translation": {...}}.
    A published test set is read with distinct=False: its repeated rows count.
    """
    return clean(read_rows(path, other), distinct=distinct).pairs


def read_rows(path: str | Path, other: str | Path | None = None) -> Iterator[Pair]:
    """The pairs as they are in the files."""
    return (row.pair for row in numbered_rows(path, other))


class Row(NamedTuple):
    """A pair and its place."""

    line: int
    pair: Pair


def numbered_rows(path: str | Path, other: str | Path | None = None, *, bare: bool = False) -> Iterator[Row]:
    """The pairs as they are in the files, with the numbers of their lines from 1; an empty line is an empty pair.

    A line without a tab is a ValueError; with `bare` it is a source without a target, unless most lines are so.
    """
    if other is not None:
        return _aligned(path, other)
    if existing(path).is_dir():
        raise ValueError(f"{path}: is a folder; pairs come from one file ({', '.join(PAIR_SUFFIXES)}) or two aligned")
    kind = suffix(Path(path))
    if kind not in PAIR_SUFFIXES:
        raise ValueError(f"{path}: unknown suffix {kind!r} for pairs; known: {', '.join(PAIR_SUFFIXES)}, .gz")
    return _records(path) if kind in JSON_SUFFIXES else _columns(path, bare)


def layout(path: str | Path) -> str:
    """Which columns of a file are the pair, in words; empty for JSON records, whose keys say it."""
    return "" if suffix(Path(path)) in JSON_SUFFIXES else str(read_table(path, _sentences(path)))


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
    """The pair of a JSON record; a side that is null is empty. ValueError names file, line and key where it has none.

    The keys are "source" and "target" or other names of two sides (`names`), in the record or in its "translation".
    """
    inner = record.get("translation")
    found = inner if isinstance(inner, dict) else record
    sides = sides_of(list(found))
    if sides is None and not {"source", "target"} & found.keys():
        there = ", ".join(found) or "none"
        raise ValueError(
            f'{path}, line {line}: no keys "source" and "target", nor two languages (there are: {there}); rename them'
        )
    source, target = sides or ("source", "target")
    return Pair(text_field(found, source, path, line) or "", text_field(found, target, path, line) or "")


def _columns(path: str | Path, bare: bool) -> Iterator[Row]:
    for number, source, target in pairs_of(read_table(path, _sentences(path), bare=bare)):
        yield Row(number, Pair(source, target))


def _sentences(path: str | Path) -> list[str]:
    """The lines of a file, none of them longer than a line of sentences may be."""
    lines = read_lines(path)
    if long := next((number for number, line in enumerate(lines, start=1) if len(line) > LONGEST), 0):
        raise ValueError(
            f"{path}, line {long}: {len(lines[long - 1]):,} characters, and a line of sentences has {LONGEST:,} at "
            "most; is it running text?"
        )
    return lines


def _aligned(path: str | Path, other: str | Path) -> Iterator[Row]:
    sources, targets = _sentences(path), _sentences(other)
    if len(sources) != len(targets):
        raise ValueError(
            f"{path} has {len(sources):,} lines and {other} has {len(targets):,}: "
            "line n of one must belong to line n of the other"
        )
    return map(Row, count(1), map(Pair, sources, targets))


def _records(path: str | Path) -> Iterator[Row]:
    for line, record in read_records(path):
        yield Row(line, record_pair(record, path, line))
