"""JSON records: one object a line, as most corpora are published (.jsonl), or one array of objects (.json)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from groundup.data.notext import NoText
from groundup.text.reading import lines, read_text, well_formed
from groundup.text.unpacked import Unpacked, suffix

JSON_SUFFIXES = (".jsonl", ".json")


def read_records(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file, each with the number of its line (or in the array) from 1; blank lines are passed over.

    NoText if there is none; ValueError, with file and place, for what is not JSON or not an object.
    """
    empty = True
    with Unpacked(path) as file:
        for number, record in records_of(file):
            empty = False
            yield number, record
    if empty:
        raise NoText(f"{path}: the file is empty")


def records_of(file: Unpacked) -> Iterator[tuple[int, dict[str, Any]]]:
    """As `read_records`, of an open file that may be empty; file.position tells how far it is read."""
    array = suffix(file.path) == ".json"
    for number, line in enumerate(lines(file), start=1):
        if not line.strip():
            continue
        if array and line.lstrip().startswith("["):  # a .json file may also be one object a line
            yield from _array(file.path)
            return
        yield number, _object(parse_json(line, f"{file.path}, line {number}"), f"{file.path}, line {number}", "line")
        array = False


def parse_json(text: str, place: str) -> Any:
    """The value of a JSON text. ValueError, at `place`, for what is not JSON or nested too deep to be data."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"column {error.colno}" if error.lineno == 1 else f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"{place}: not JSON ({error.msg} at {where})") from None
    except RecursionError:
        raise ValueError(f"{place}: JSON nested too deep to be read; a record is flat") from None
    except ValueError:  # Python reads no whole number of more than some thousand digits
        raise ValueError(f"{place}: a number in it has too many digits") from None


def text_field(record: dict[str, Any], key: str, path: str | Path, line: int) -> str | None:
    """record[key], a string that can be written, or None where it is null."""
    if key not in record:
        raise ValueError(f'{path}, line {line}: no key "{key}" (there are: {", ".join(record) or "none"})')
    value = record[key]
    if value is not None and not isinstance(value, str):
        raise ValueError(f'{path}, line {line}: "{key}" must be a string, not {type(value).__name__}')
    return value and well_formed(value)


def _array(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    found = parse_json(read_text(path), str(path))
    for number, record in enumerate(found, start=1):
        yield number, _object(record, f"{path}, record {number}", "place of the array")


def _object(value: Any, place: str, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{place}: a JSON object is needed on every {where}, such as {{...}}")
    return value
