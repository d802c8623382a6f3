"""Training and test texts that overlap: what was seen in training is no test."""

from pathlib import Path

from groundup.doctor.finding import Finding

GRAM = 8
"""Words in a row that count as one passage."""


def check_overlap(train: Path, test: Path) -> list[Finding]:
    """Passages of the test file that are in the training file too. ValueError for files that cannot be read."""
    seen = _passages(train)
    asked = _passages(test)
    if not asked or not seen:
        empty = test if not asked else train
        raise ValueError(f"{empty} has no line with {GRAM} words, so nothing can be compared; give a longer text")
    known = asked & seen
    share = len(known) / len(asked)
    if share < 0.01:
        return []
    example = min(known)
    said = (
        f"{len(known):,} of {len(asked):,} passages of {GRAM} words in {test.name} ({share:.0%}) are in {train.name} "
        f"too: {example!r}"
    )
    return [Finding("overlap", said, severity="wrong" if share > 0.1 else "mild")]


def _passages(path: Path) -> set[str]:
    """The passages of a file, in lower case."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text file in UTF-8") from None
    found = set()
    for line in text.splitlines():
        words = line.lower().split()
        found.update(" ".join(words[n : n + GRAM]) for n in range(len(words) - GRAM + 1))
    return found
