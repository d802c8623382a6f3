"""Make notebooks of the chapters: `make notebooks`, or python docs/notebooks.py. The chapters are the one source.

Code that a page includes from the package becomes a cell that prints it from the installed package, so that a notebook
never shows outdated code.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
SOURCES = sorted([*(DOCS / "handbook").glob("*.md"), *(DOCS / "work").glob("[!i]*.md")])
HOME = "https://github.com/groundup-transformers/groundup"
FENCE = re.compile(r"^```\{(code-cell|literalinclude)\} (\S+)\n((?::[^\n]*\n)*)(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST = f"""# Where does this run? Colab has PyTorch but no groundup; on your own machine it is installed already.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("groundup") is None:
    where = "Colab" if "google.colab" in sys.modules else sys.prefix
    print(f"installing groundup in {{where}} ...")
    done = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "groundup @ git+{HOME}"])
    if done.returncode:
        raise SystemExit("groundup could not be installed; without a network, clone it and run: pip install -e .")
import groundup
from groundup.notebook import explain_errors

explain_errors()
print("groundup", groundup.__version__)"""


def notebook(page: Path) -> dict[str, Any]:
    text = re.sub(r"\A---\n.*?\n---\n+", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    title, _, rest = text.partition("\n")
    badge = f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab(page)})"
    cells = [("markdown", f"{title}\n\n{badge}", []), ("code", FIRST, [])]
    at = 0
    for fence in FENCE.finditer(rest):
        cells.append(("markdown", rest[at : fence.start()], []))
        kind, path, options, body = fence.groups()
        tags = re.findall(r"[\w-]+", "".join(re.findall(r":tags: \[(.*)\]", options)))
        cells.append(("code", body if kind == "code-cell" else shown(page, path, options), tags))
        at = fence.end()
    cells.append(("markdown", rest[at:], []))
    kept = [(kind, source.strip("\n"), tags) for kind, source, tags in cells if source.strip()]
    return {
        "cells": [
            cell(n, kind, linked(page, source) if kind == "markdown" else source, tags)
            for n, (kind, source, tags) in enumerate(kept)
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def cell(number: int, kind: str, source: str, tags: list[str]) -> dict[str, Any]:
    about: dict[str, Any] = {"tags": tags} if tags else {}
    if "hide-input" in tags:  # as Colab and JupyterLab say it
        about |= {"cellView": "form", "jupyter": {"source_hidden": True}}
    made = {"cell_type": kind, "id": f"cell-{number:02}", "metadata": about, "source": source.splitlines(keepends=True)}
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def shown(page: Path, path: str, options: str) -> str:
    """A cell that prints a function or class of the package."""
    module = (page.parent / path).resolve().relative_to(DOCS.parent / "src").with_suffix("")
    name = re.search(r":pyobject: (\S+)", options)
    assert name is not None
    dotted = ".".join(module.parts)
    return f"import inspect\n\nimport {dotted}\n\nprint(inspect.getsource({dotted}.{name[1]}))"


def linked(page: Path, text: str) -> str:
    """Links between chapters lead to their notebooks, others to the repository."""

    def target(link: re.Match[str]) -> str:
        if "://" in link[1]:
            return link[0]
        name, _, anchor = link[1].partition("#")
        path = (page.parent / name).resolve()
        if path in SOURCES and path.parent == page.parent:
            return f"]({path.stem}.ipynb)"
        return f"]({HOME}/blob/main/{path.relative_to(DOCS.parent).as_posix()}{'#' + anchor if anchor else ''})"

    return re.sub(r"\]\(([^)\s]+)\)", target, text)


def colab(page: Path) -> str:
    return f"{HOME.replace('github.com', 'colab.research.google.com/github')}/blob/main/notebooks/{page.stem}.ipynb"


def written(page: Path) -> str:
    return json.dumps(notebook(page), indent=1, ensure_ascii=False) + "\n"


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for page in SOURCES:
        (out / f"{page.stem}.ipynb").write_text(written(page), encoding="utf-8", newline="\n")
    print(f"{len(SOURCES)} notebooks in {out}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS.parent / "notebooks")
