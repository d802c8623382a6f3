"""Name the corpus in errors of code that knows only its text."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def naming(corpus: str) -> Iterator[None]:
    """Put the name of the corpus before the message of a ValueError, unless the message has it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(str(error) if corpus in str(error) else f"{corpus}: {error}") from error
