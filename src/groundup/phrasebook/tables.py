"""Reads the word tables in `words/`: UTF-8, tab-separated, one header line, "-" for an empty cell."""

from importlib.resources import files

Row = tuple[str, ...]


def rows(name: str) -> list[Row]:
    """The rows of a table without its header; every row has as many cells as the header has names."""
    text = (files("groundup.phrasebook") / "words" / f"{name}.tsv").read_text(encoding="utf-8")
    header, *lines = text.splitlines()
    width = header.count("\t") + 1
    table = [tuple("" if cell == "-" else cell for cell in line.split("\t")) for line in lines]
    for number, row in enumerate(table, 2):
        assert len(row) == width, f"{name}.tsv line {number} has {len(row)} cells, and the header has {width}"
    return table


def groups(name: str) -> dict[str, list[Row]]:
    """The rows of a table by their first cell, which is left out of the rows."""
    found: dict[str, list[Row]] = {}
    for group, *row in rows(name):
        found.setdefault(group, []).append(tuple(row))
    return found
