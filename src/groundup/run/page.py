"""A run as one HTML file that runs the model in the browser."""

import html
import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from groundup.files import write_whole
from groundup.page.build import Run, build
from groundup.page.weights import Precision
from groundup.recipes.recipe import TextRecipe

SENTENCES = "sentences.txt"
"""In the samples of a translator: sentences of its test part, the shortest first."""


def write_page(
    run: Run,
    path: str | Path | None = None,
    *,
    precision: Precision | None = None,
    examples: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Write the run as one HTML file that runs the model in the browser, and give its path.

    path: None is page.html in the run folder. precision: "float16", "int8" or "float32"; None is float16, or int8 for a
    larger model. examples: texts to begin with; without any, those that the run itself has kept. ValueError
    for a model that is too large for a page, and for a file that is there already.
    """
    place = run.folder.path / "page.html" if path is None else Path(path)
    check_place(place, overwrite=overwrite)
    write_whole(place, build(run, precision=precision, examples=examples or _kept(run)))
    return place


def _kept(run: Run) -> list[str]:
    """The recipe's sample of a language model; the longer ones of the sentences that a translator has kept."""
    if isinstance(run.recipe, TextRecipe):
        return [run.recipe.sample] if run.recipe.sample else []
    try:
        sentences = (run.folder.samples / SENTENCES).read_text(encoding="utf-8").split("\n")[:-1]
    except (OSError, UnicodeDecodeError):  # an older run, one that ended early, or a damaged file
        return []
    return sentences[len(sentences) // 2 :]


def check_place(path: Path, *, overwrite: bool) -> None:
    """ValueError where no file can be written, or one is there that must not be replaced."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder; give the name of a file, such as {path / 'page.html'}")
    if path.exists() and not overwrite:
        raise ValueError(f"{path} is there already; give another name, or --overwrite to replace it")
    if not path.parent.is_dir():
        raise ValueError(f"the folder {path.parent} is not there; make it first, or give a file in another one")


class Live:
    """A page as a notebook shows it: inside the notebook, at work.

    view: the tab to open first, such as "tokens". height: in pixels.
    """

    def __init__(self, path: str | Path, *, view: str | None = None, height: int = 760):
        self.path, self.view, self.height = Path(path), view, height

    def __repr__(self) -> str:
        return f"{self.path}: open it in a browser"

    def _repr_html_(self) -> str:
        text = html.escape(self.path.read_text(encoding="utf-8"))
        address = html.escape(f"this.contentWindow.location.hash = '{quote(json.dumps({'view': self.view}))}'")
        opened = f' onload="{address}"' if self.view else ""
        frame = f'width="100%" height="{self.height}" loading="lazy" title="{html.escape(self.path.name)}"'
        return f'<iframe srcdoc="{text}" {frame}{opened}></iframe>'
