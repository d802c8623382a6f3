"""How the files of the catalogue follow from what is published: each a function from the originals to the file."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from groundup.text.reading import read_text
from groundup.text.unpacked import Unpacked

Make = Callable[[Sequence[Path], Path], None]


def unpacked(originals: Sequence[Path], out: Path) -> None:
    """The one original, unpacked if it is packed and the file is not."""
    with Unpacked(originals[0]) as file, out.open("wb") as made:
        made.writelines(iter(lambda: file.read(1 << 20), b""))


def aligned(originals: Sequence[Path], out: Path) -> None:
    """Lines of two files side by side, a tab between them."""
    _write(out, _rows(originals))


def aligned_distinct(originals: Sequence[Path], out: Path) -> None:
    """The same; of equal rows the first."""
    _write(out, dict.fromkeys(_rows(originals)))


def first_lines(count: int) -> Make:
    """The first lines of the original."""

    def make(originals: Sequence[Path], out: Path) -> None:
        _write(out, _lines(originals[0])[:count])

    return make


def replies(originals: Sequence[Path], out: Path) -> None:
    """DailyDialog++ with two of its fields: context and positive responses."""
    records = map(json.loads, _lines(originals[0]))
    kept = ({"context": record["context"], "responses": record["positive_responses"]} for record in records)
    _write(out, (json.dumps(record, ensure_ascii=False) for record in kept))


def novels(originals: Sequence[Path], out: Path) -> None:
    """Whole texts one after the other with an empty line between, every line ended by a line feed."""
    with out.open("w", encoding="utf-8", newline="") as made:
        for path in originals:
            text = read_text(path).replace("\r", "\n")  # a few have carriage returns beside line feeds
            made.write(text.strip("\n") + "\n\n")


def _rows(originals: Sequence[Path]) -> Iterator[str]:
    source, target = map(_lines, originals)
    return (f"{one}\t{other}" for one, other in zip(source, target, strict=True))


def _lines(path: Path) -> list[str]:
    return read_text(path).removesuffix("\n").split("\n")


def _write(out: Path, lines: Iterable[str]) -> None:
    with out.open("w", encoding="utf-8", newline="") as made:
        made.writelines(f"{line}\n" for line in lines)
