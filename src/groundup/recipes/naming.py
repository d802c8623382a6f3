"""Errors about a corpus that is read already: they come from code that has its text, and not its name."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def naming(corpus: str) -> Iterator[None]:
    """Let a ValueError begin with the corpus, unless it names it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(str(error) if corpus in str(error) else f"{corpus}: {error}") from error
