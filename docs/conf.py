"""The site: Sphinx with MyST-NB and Furo. `make docs` builds it; it downloads nothing, and a warning is an error."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import groundup
from groundup.cli.main import VERBS

ROOT = Path(__file__).parents[1]


def contents(folder: Path) -> str:
    """A name for the present content of all source files: a chapter is executed again when the package changes."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


project = "groundup"
author = "The groundup authors"
release = groundup.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["README.md"]
language = "en"

html_theme = "furo"
html_title = "groundup"
html_css_files = ["site.css"]
html_static_path = ["_static"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False

myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 4

nb_execution_mode = "cache"
nb_execution_show_tb = True
nb_execution_cache_path = str(ROOT / "build" / "docs-cache" / contents(Path(groundup.__file__).parent))
nb_execution_excludepatterns = ["work/train-*"]  # many minutes; the tests run them in small
nb_execution_in_temp = True
nb_output_stderr = "remove"
nb_execution_timeout = 600
nb_merge_streams = True
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the models are small: a second thread gains little

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
suppress_warnings = ["ref.python"]


def as_restructured(app, what, name, obj, options, lines: list[str]) -> None:
    """Docstrings are plain text with `code` in it; here they become what Sphinx reads."""
    text = "\n".join(lines)
    kept = []
    for part in re.split(r"(`[^`]+`)", text):
        kept.append(f"`{part}`" if re.fullmatch(r"`[^`]+`", part) else re.sub(r"([\\*_|])", r"\\\1", part))
    text = "".join(kept)
    lines[:] = ["| " + line if line.startswith("    ") else line for line in text.split("\n")]


class Verbs(SphinxDirective):
    """A section for each verb of the command line, with what `groundup VERB --help` prints."""

    def run(self) -> list[nodes.Node]:
        return [section(verb, what) for verb, what in VERBS.items()]


def section(verb: str, what: str) -> nodes.section:
    command = [sys.executable, "-m", "groundup", verb, "--help"]
    environment = os.environ | {"COLUMNS": "96", "NO_COLOR": "1", "TERM": "dumb"}
    said = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=True)
    made = nodes.section(ids=[verb], names=[verb])
    made += nodes.title(text=verb)
    made += nodes.paragraph(text=what[0].upper() + what[1:] + ".")
    shown = nodes.literal_block(said.stdout, said.stdout.rstrip())
    shown["language"] = "none"
    made += shown
    return made


def setup(app) -> None:
    app.connect("autodoc-process-docstring", as_restructured)
    app.add_directive("verbs", Verbs)
