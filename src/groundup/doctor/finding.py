"""What the doctor says: one record a finding, and where in the code it points."""

from dataclasses import dataclass, field
from typing import Literal

from groundup.doctor.catalogue import CATALOGUE

Severity = Literal["wrong", "mild", "note"]
PAGE = "docs/doctor.md"


@dataclass(frozen=True)
class Place:
    """A line of the author's code, and the module that ran it."""

    file: str | None = None
    line: int | None = None
    source: str = ""
    module: str = ""
    """The path in the model, such as `blocks.0.attn`; "" for the model itself or code outside any module."""
    kind: str = ""
    """The module's class."""
    kind_file: str | None = None
    kind_line: int | None = None

    def __str__(self) -> str:
        parts = []
        if self.kind:
            where = f", {_named(self.kind_file)} line {self.kind_line}" if self.kind_line else ""
            parts.append(f"{self.module or 'the model'} (class {self.kind}{where})")
        if self.line is not None:
            parts.append(f"{_named(self.file)} line {self.line}: {self.source}".rstrip(": "))
        return "; ".join(parts)


def _named(file: str | None) -> str | None:
    """A notebook's cell is a file with a number for a name."""
    return "a cell," if file is not None and file.removesuffix(".py").isdigit() else file


@dataclass(frozen=True)
class Finding:
    """One thing that was seen in a model."""

    name: str
    """A word of the catalogue, such as `future`."""
    seen: str
    """What was measured, with its numbers."""
    place: Place = field(default_factory=Place)
    severity: Severity = "wrong"
    title: str = ""
    meaning: str = ""
    look_for: str = ""
    """The likely line of code."""
    cure: str = ""
    page: str = ""

    def __post_init__(self) -> None:
        words = CATALOGUE[self.name]
        for name in ("title", "meaning", "look_for", "cure"):
            if not getattr(self, name):
                object.__setattr__(self, name, getattr(words, name))
        if not self.page:
            object.__setattr__(self, "page", f"{PAGE}#{self.name}")
