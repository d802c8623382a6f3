"""Read JSON files into dataclasses. Values of other types than the dataclass states are a ValueError of one line.

No torch here: `groundup --help` reads this file.
"""

import dataclasses
import functools
import json
import math
import types
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
LARGEST = 2**53
"""The largest accepted integer: larger ones are not exact as floats, and no count is so large."""


def read_json(path: str | Path) -> Any:
    """Read a JSON file. Raises ValueError with the file's name if it is not JSON, or nested too deeply."""
    try:
        return parse_json(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def parse_json(text: str | bytes) -> Any:
    """`json.loads`, whose only error is a ValueError of one line."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("damaged, it is JSON nested too deeply to be read") from None
    except ValueError as error:  # UnicodeDecodeError is one
        raise ValueError(f"damaged, it is not JSON ({error})") from None


def make_record(cls: type[T], values: Any, what: str) -> T:
    """Make a dataclass from a JSON object. Raises ValueError for unknown or missing keys, and for wrong types."""
    if not isinstance(values, dict):
        raise ValueError(f"{what} must be an object, not {short(values)}")
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise ValueError(f"{what} has no {key!r}; known are {', '.join(fields)}")
    for name, field in fields.items():
        if name not in values and field.default is field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{what} lacks {name!r}")
    record = cls(**values)
    check_types(record, f"{what} ")
    return record


def check_types(record: Any, prefix: str = "") -> None:
    """Raise ValueError unless every field of the dataclass has its stated type. prefix: put before the field's name.

    An integer is accepted for a float, and a list for a tuple; true and false are not numbers.
    """
    for name, wanted in _types(type(record)).items():
        value = getattr(record, name)
        if not _fits(value, wanted):
            raise ValueError(f"{prefix}{name} ({short(value)}) must be {_words(wanted)}")


def short(value: Any) -> str:
    """Return the repr of a value, shortened if it is long."""
    try:
        said = repr(value)
    except (ValueError, RecursionError):  # an integer of more than 4,300 digits; a list nested too deeply
        said = f"a {type(value).__name__}"
    return said if len(said) <= 60 else f"{said[:57]}..."


@functools.cache
def _types(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _fits(value: Any, wanted: Any) -> bool:
    origin, inner = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin in (tuple, list):
        return isinstance(value, list | tuple) and _items_fit(value, inner)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(item, inner[1]) for item in value.values())
    if wanted is float:
        return isinstance(value, float) or (whole(value) and abs(value) <= LARGEST)
    if wanted is int:
        return whole(value) and abs(value) <= LARGEST
    return isinstance(value, origin or wanted)


def _items_fit(values: list[Any] | tuple[Any, ...], inner: tuple[Any, ...]) -> bool:
    if inner[-1] is Ellipsis or len(inner) == 1:
        return all(_fits(value, inner[0]) for value in values)
    return len(values) == len(inner) and all(map(_fits, values, inner))


def whole(value: Any) -> bool:
    """Whether it is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _words(wanted: Any) -> str:
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return " or ".join(_words(one) for one in inner)
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}"
    if origin in (tuple, list):
        return "a list"
    if origin is dict:
        return "an object"
    named = {int: f"a whole number below {LARGEST:,}", float: "a number", str: "text", bool: "true or false"}
    return named.get(wanted, "absent" if wanted is type(None) else f"a {wanted.__name__}")


def finite(*numbers: float | None) -> bool:
    """Whether all numbers are finite; None is ignored."""
    return all(number is None or math.isfinite(number) for number in numbers)
