"""tyro, with a user's mistake as one line instead of a box."""

import contextlib
import functools
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import tyro

from groundup.cli.complaints import one_line
from groundup.cli.dashes import marked, told_without_marks, unmarked
from groundup.nearest import nearest

T = TypeVar("T")
NARROWEST = 40
"""Columns: in a narrower terminal tyro never finishes writing --help."""

Run = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]


def parse(what: Callable[..., T], arguments: Sequence[str], *, prog: str, default: Any = None) -> T:
    """`tyro.cli`, raising ValueError with one line and the nearest spelling where it would print a box and exit."""
    options: dict[str, Any] = {} if default is None else {"default": default}
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors), _not_too_narrow():
            return tyro.cli(what, args=list(arguments), prog=prog, config=(tyro.conf.AvoidSubcommands,), **options)
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise ValueError(one_line(errors.getvalue(), prog)) from None


@contextmanager
def _not_too_narrow() -> Iterator[None]:
    """Within it a narrower terminal counts as NARROWEST columns wide; what a verb prints keeps to the real width."""
    before = os.environ.get("COLUMNS")
    try:
        if shutil.get_terminal_size().columns < NARROWEST:
            os.environ["COLUMNS"] = str(NARROWEST)
        yield
    finally:
        if before is None:
            os.environ.pop("COLUMNS", None)
        else:
            os.environ["COLUMNS"] = before


def parse_texts(what: Callable[..., T], arguments: Sequence[str], *, prog: str) -> T:
    """`parse` for verbs that take sentences: one such as "-Where?" is text, and no option."""
    with _texts_after_dashes(prog):
        return unmarked(parse(what, marked(arguments), prog=prog))


@contextmanager
def _texts_after_dashes(prog: str) -> Iterator[None]:
    """Say in the message about an unknown option how it could be a text."""
    try:
        with told_without_marks():
            yield
    except ValueError as error:
        message = str(error)
        if (unknown := re.match(r"unknown option (--\S+); see", message)) is not None:
            message += f". A text that begins with dashes goes behind --: {prog} RUN -- {unknown[1]}"
        raise ValueError(message) from None


def parse_verbs(verbs: dict[str, Callable[..., None]], arguments: Sequence[str], *, prog: str) -> None:
    """Run the verb that the first argument names with the options that follow, errors as in `parse`."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: {prog} {{{','.join(verbs)}}} ...\n")
        for name, verb in verbs.items():
            print(f"  {name:8} {(verb.__doc__ or '').strip().splitlines()[0]}")
        return
    name, rest = arguments[0], arguments[1:]
    if name not in verbs:
        raise ValueError(f"{prog} has no verb {name!r}; {nearest(name, verbs, otherwise='there are {known}')}")
    with told_without_marks():
        told = parse(_later(verbs[name]), marked(rest), prog=f"{prog} {name}")
    told()


def _later(verb: Callable[..., None]) -> Callable[..., Callable[[], None]]:
    """The verb as a function that is only told its options: what the verb says while it runs must not be caught."""

    @functools.wraps(verb)
    def told(*values: Any, **options: Any) -> Callable[[], None]:
        return functools.partial(verb, *unmarked(values), **{key: unmarked(value) for key, value in options.items()})

    return told
