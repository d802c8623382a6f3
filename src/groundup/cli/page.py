"""groundup page RUN --out FILE: a run as one HTML file that runs the model in the browser."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from groundup.cli.parse import Run, parse


@dataclass(frozen=True)
class Page:
    """Write a run as one file that any browser opens, from a disk too: the model runs in it, and shows how it works.

    The file brings everything along, and loads and sends nothing. Translate, talk or write on in it, see where each
    head looks, how the search goes, and what else was likely at each token.
    """

    run: Run
    """A run folder, or its name under runs/."""
    out: Path | None = None
    """The file; None is page.html in the run folder."""
    precision: Literal["float16", "int8", "float32"] | None = None
    """How the model's numbers are kept; None is float16, and int8 for a larger model. float32 is exact."""
    overwrite: bool = False
    """Replace the file if it is there already."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    trust_code: bool = False
    """Execute the Python file of its own that the run was trained with, a copy of which lies in its folder."""


def main(arguments: list[str]) -> None:
    options = parse(Page, arguments, prog="groundup page")
    from groundup.run.folder import find_run
    from groundup.run.load import load, which
    from groundup.run.page import check_place

    path = options.out or find_run(options.run).path / "page.html"
    check_place(path, overwrite=options.overwrite)
    run = load(options.run, checkpoint=which(options.checkpoint), device="cpu", trust_code=options.trust_code)
    run.page(path, precision=options.precision, overwrite=options.overwrite)
    print(f"{path}  {path.stat().st_size / 1e6:.1f} MB; open it in a browser")
