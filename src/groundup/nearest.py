"""The nearest spelling of a name that nobody knows: one wording for every list of names."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, otherwise: str = "known are {known}") -> str:
    """`did you mean 'demo'?`, or where no name is near, `otherwise` with {known} filled in."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else otherwise.format(known=", ".join(names))
