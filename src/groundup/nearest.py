"""Suggest the nearest spelling of an unknown name, with the same wording for every list of names."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, otherwise: str = "known are {known}") -> str:
    """Return `did you mean 'demo'?`, or if no name is near, `otherwise` with {known} filled in."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else otherwise.format(known=", ".join(names))
