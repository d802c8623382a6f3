"""An export from beginning to end: the folder, its comparison with the run, and its card."""

from collections.abc import Callable
from pathlib import Path

from groundup.publish.card import write_card
from groundup.publish.facts import gather
from groundup.publish.verify import verify
from groundup.publish.write import Export, Format, write_run
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun


def make(
    run: PairRun | TextRun,
    folder: Path,
    format: Format,
    *,
    name: str | None,
    licence: str,
    inputs: int,
    say: Callable[[str], None],
    revision: str | None = None,
) -> list[Export]:
    """Write the run, compare it on this many inputs (0: not at all), and describe it.

    name: what others will load it by; None is the folder itself. ValueError, once all is written, where an export is
    not what the run is.
    """
    exports = write_run(run, folder, format)
    wrong = []
    for export in exports:
        verified = verify(run, export, count=inputs) if inputs else None
        if verified is not None:
            say(verified.line)
            if verified.differences:
                wrong.append(f"{export.folder} {verified.line}")
        facts = gather(run, export.folder)
        write_card(run, export, facts, name=name, licence=licence, verified=verified, revision=revision)
    if wrong:
        raise ValueError(f"{'; '.join(wrong)}; please report it with the run's recipe.json")
    return exports
