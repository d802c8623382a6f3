"""Sentences that begin with a dash, among options that do, too."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

T = TypeVar("T")

MARK = "\0"
"""Put before such a text while the arguments are parsed; no argument of a program can have it."""
OPTION = re.compile(r"-h|--|--[A-Za-z][\w.-]*(=.*)?", re.DOTALL)
NUMBER = re.compile(r"-(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|-inf|-nan", re.IGNORECASE)


def marked(arguments: Sequence[str]) -> list[str]:
    """The arguments, with a mark before each that begins with a dash and can be neither an option nor a number."""
    return [f"{MARK}{argument}" if _is_text(argument) else argument for argument in arguments]


def unmarked(found: T) -> T:
    """The same text, path, tuple or record without the marks."""
    value: Any = found
    if isinstance(value, str | Path):
        text = str(value)
        value = type(value)(text.removeprefix(MARK)) if text.startswith(MARK) else value
    elif isinstance(value, tuple):
        value = tuple(map(unmarked, value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        changed = {name: unmarked(part) for name, part in fields.items() if isinstance(part, str | Path | tuple)}
        value = dataclasses.replace(value, **changed)
    return cast(T, value)


@contextmanager
def told_without_marks() -> Iterator[None]:
    """Take the marks out of the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        raise ValueError(str(error).replace(MARK, "").replace(repr(MARK)[1:-1], "")) from None


def _is_text(argument: str) -> bool:
    return (
        argument.startswith("-")
        and argument != "-"
        and not OPTION.fullmatch(argument)
        and not NUMBER.fullmatch(argument)
    )
