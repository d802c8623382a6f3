"""The words for every finding, read from `catalogue.txt`. No torch here."""

from pathlib import Path
from typing import NamedTuple


class Words(NamedTuple):
    title: str
    meaning: str
    look_for: str
    cure: str


def _read(text: str) -> dict[str, Words]:
    """Paragraphs of `name: title` and indented `means:`, `look for:`, `cure:`, which may go on in further lines."""
    found = {}
    for paragraph in text.split("\n\n")[1:]:
        said: list[str] = []
        for line in paragraph.splitlines():
            if line.startswith("    "):
                said[-1] += " " + line.strip()
            else:
                said.append(line.strip())
        name, _, title = said[0].partition(": ")
        parts = dict(one.split(": ", 1) for one in said[1:])
        found[name] = Words(title, parts["means"], parts["look for"], parts["cure"])
    return found


CATALOGUE: dict[str, Words] = _read(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8"))
"""By name, in the order of causes: of two findings, the one that stands first here is told first."""
