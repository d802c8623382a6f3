"""The texts of a parquet file, row group by row group, as FineWeb-Edu and most large corpora are published."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from groundup.data.notext import warn_of_nulls
from groundup.text.reading import well_formed
from groundup.text.unpacked import BOMB_RATIO, BOMB_SIZE, Unpacked

ROWS = 256  # decoded at a time
DECODED = 1 << 30  # bytes that these rows may take in the worst case
STRINGS = ("string", "large_string", "string_view")


class TextRow(NamedTuple):
    """The text of a row."""

    number: int
    """Of the row, from 0."""
    text: str
    read: int
    """Bytes of the file read so far, for a progress bar."""


def read_rows(path: Path, column: str, first: int = 0) -> Iterator[TextRow]:
    """The texts of a column of strings from row `first` on; nulls are passed over and counted in a warning.

    ValueError for a file that is damaged, has no such column, or holds far more rows or text than its size allows.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise ValueError(f"{path}: reading parquet needs pyarrow; pip install 'groundup[data]'") from None
    Unpacked(path).__exit__()  # an ordinary file
    nulls = given = 0
    size = path.stat().st_size
    try:
        with parquet.ParquetFile(path) as table:
            _check(table, column, path, size)
            for group, start in _groups(table, first):
                number, rows = start, _at_a_time(table, group, column, path, size)
                for batch in table.iter_batches(rows, row_groups=[group], columns=[column]):
                    for text in batch.column(0).to_pylist():
                        if number >= first:
                            nulls += text is None
                            given += len(text or "")
                            if text is not None:
                                yield TextRow(number, well_formed(text), size * (group + 1) // table.num_row_groups)
                        number += 1
                    _refuse_bomb(path, size, given, "characters of text")
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: damaged or not parquet ({str(error).splitlines()[0]}); fetch it again") from None
    warn_of_nulls(path, nulls, "row")


def _groups(table: Any, first: int) -> Iterator[tuple[int, int]]:
    """The row groups from row `first` on, with the number of their first row."""
    number = 0
    for group in range(table.num_row_groups):
        rows = table.metadata.row_group(group).num_rows
        if number + rows > first:
            yield group, number
        number += rows


def _check(table: Any, column: str, path: Path, size: int) -> None:
    schema = table.schema_arrow
    if column not in schema.names:
        raise ValueError(f'{path}: no column "{column}" (there are: {", ".join(schema.names)})')
    kind = schema.field(column).type
    if str(getattr(kind, "value_type", kind) if str(kind).startswith("dictionary") else kind) not in STRINGS:
        raise ValueError(f'{path}: column "{column}" must hold strings, not {kind}')
    _refuse_bomb(path, size, table.metadata.num_rows, "rows")


def _at_a_time(table: Any, group: int, column: str, path: Path, size: int) -> int:
    """How many rows of a group to decode at a time: each may hold the longest text that there is room for in it."""
    about = table.metadata.row_group(group)
    chunks = [about.column(i) for i in range(about.num_columns)]
    unpacked = sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema == column)
    _refuse_bomb(path, size, unpacked, "bytes")
    return max(1, min(ROWS, DECODED // max(1, unpacked)))


def _refuse_bomb(path: Path, size: int, found: int, what: str) -> None:
    if found > max(BOMB_SIZE if what != "rows" else 1 << 22, BOMB_RATIO * size):
        raise ValueError(
            f"{path}: its {size:,} bytes hold {found:,} {what}, more than {BOMB_RATIO} times as many; no corpus does. "
            "If it is what you want, write it as .jsonl"
        )
