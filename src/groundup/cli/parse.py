"""tyro, with a user's mistake as one line instead of a box."""

import contextlib
import functools
import io
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import tyro

from groundup.nearest import nearest

T = TypeVar("T")


def parse(what: Callable[..., T], arguments: Sequence[str], *, prog: str, default: Any = None) -> T:
    """`tyro.cli`, raising ValueError with one line and the nearest spelling where it would print a box and exit."""
    options: dict[str, Any] = {} if default is None else {"default": default}
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            return tyro.cli(what, args=list(arguments), prog=prog, config=(tyro.conf.AvoidSubcommands,), **options)
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise ValueError(one_line(errors.getvalue(), prog)) from None


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
    parse(_later(verbs[name]), rest, prog=f"{prog} {name}")()


def _later(verb: Callable[..., None]) -> Callable[..., Callable[[], None]]:
    """The verb as a function that is only told its options: what the verb says while it runs must not be caught."""

    @functools.wraps(verb)
    def told(*values: Any, **options: Any) -> Callable[[], None]:
        return functools.partial(verb, *values, **options)

    return told


def one_line(box: str, prog: str) -> str:
    """What tyro's box says, in one line."""
    lines = [re.sub(r"[│╭╮╰╯─]+", " ", line).strip() for line in box.splitlines()]
    body = [line for line in lines[1:] if line]
    rules = [i for i, line in enumerate(body) if set(line) == {"-"}]
    start = rules[0] + 1 if rules else 0
    end = next((i for i in rules if i > start), len(body))
    message = " ".join(body[start:end])
    message = re.sub(r"Unrecognized options: (--\S+?),? .*", r"unknown option \1", message + " ").strip()
    message = re.sub(r"Unrecognized options: (.*)", r"one argument too many, or in the wrong place: \1", message)
    message = re.sub(
        r"Error parsing (\S+): no type matching (\S+) could be instantiated from (\[.*?\])",
        lambda found: f"{found[1]} takes {re.sub('[{}]', '', found[2]).replace('|', ' or ')}, not {found[3][1:-1]}",
        message,
    )
    message = re.sub(r"(Got errors:|For full helptext).*", "", message).strip()
    message = re.sub(
        r"Error parsing (\S+): .*(?:invalid literal for int\(\) with base 10|could not convert string to float): ",
        r"\1 takes a number, not ",
        message,
    )
    if (own := re.match(r"Error parsing [a-z]\w*: (.*)", message)) is not None:
        return own.group(1)  # an error of a record of ours, cure included
    near = re.search(r"Perhaps you meant:\s.*?(--[\w.-]+)", "\n".join(lines), re.DOTALL)
    hint = f"did you mean {near.group(1)}?" if near else f"see {prog} --help"
    return f"{message.rstrip('.')}; {hint}"
