"""The patients: sound files in `patients/`, and what edits of `patients/*.txt` make of them."""

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

FOLDER = Path(__file__).parent / "patients"


@dataclass(frozen=True)
class Case:
    base: str
    name: str
    expected: tuple[str, ...]
    """Names that the first finding may have; empty for a sound patient."""
    source: str

    @property
    def id(self) -> str:
        return f"{self.base}-{self.name}"

    @property
    def aside(self) -> bool:
        """A third was kept aside while the checks were written."""
        return crc32(self.id.encode()) % 3 == 0

    def write(self, folder: Path) -> Path:
        path = folder / f"{self.base}_{self.name}.py"
        path.write_text(self.source, encoding="utf-8")
        return path


def cases() -> list[Case]:
    found = []
    for base in sorted(FOLDER.glob("*.py")):
        text = base.read_text(encoding="utf-8")
        found.append(Case(base.stem, "cured", (), text))
        edits = base.with_suffix(".txt").read_text(encoding="utf-8").split("\n# ")[1:]
        for edit in edits:
            head, _, body = edit.partition("\n")
            name, _, expected = head.partition(": ")
            names = () if expected == "sound" else tuple(expected.split("|"))
            found.append(Case(base.stem, name, names, apply(text, body, f"{base.stem} {name}")))
    return found


def apply(text: str, edit: str, name: str) -> str:
    """The text with lines taken out ("- ") and put in ("+ "); lines taken out alone may stand apart."""
    hunks: list[tuple[list[str], list[str]]] = []
    for line in edit.splitlines():
        if line[:2] == "- ":
            if not hunks or hunks[-1][1]:
                hunks.append(([], []))
            hunks[-1][0].append(line[2:])
        elif line[:1] == "+":
            hunks[-1][1].append(line[2:])
    lines = text.splitlines()
    for out, put in hunks:
        starts = [n for n in range(len(lines)) if lines[n : n + len(out)] == out]
        if len(starts) == 1:
            lines[starts[0] : starts[0] + len(out)] = put
            continue
        alone = not put
        assert alone, f"{name}: {out} stands there {len(starts)} times"
        for one in out:
            assert lines.count(one) == 1, f"{name}: {one!r} stands there {lines.count(one)} times"
            lines.remove(one)
    return "\n".join(lines) + "\n"
