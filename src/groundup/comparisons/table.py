"""The comparisons by name."""

from collections.abc import Callable

from groundup.comparisons import tokenizers
from groundup.comparisons.comparison import Comparison
from groundup.comparisons.five_families import five_families
from groundup.comparisons.modern import modern
from groundup.nearest import nearest

COMPARISONS: dict[str, Callable[[], Comparison]] = {
    "five-families": five_families,
    "modern": modern,
    "tokenizers-multi30k": tokenizers.multi30k,
    "tokenizers-en-it": tokenizers.en_it,
}


def find_comparison(name: str) -> Comparison:
    """The named comparison; ValueError offers the nearest name."""
    if name not in COMPARISONS:
        hint = nearest(name, COMPARISONS, otherwise="give two or more runs, or a name of {known}")
        raise ValueError(f"unknown comparison {name!r}; {hint}")
    return COMPARISONS[name]()
