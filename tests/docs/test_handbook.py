"""Every cell of the handbook runs, in order, in a process of its own for each chapter; no Sphinx is needed.

Cells with the tag `slow` run in `make test-all` only, so nothing after them may need them. Of a line such as
`STEPS = 300  # quick: 10` the quick test takes the second number.
"""

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import groundup

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "docs" / "handbook").glob("*.md"))
WORK = sorted((ROOT / "docs" / "work").glob("[!i]*.md"))
PAGES = [*CHAPTERS, *WORK, ROOT / "docs" / "python.md"]
CELL = re.compile(r"^```\{code-cell\} python\n(?::tags: \[(.*?)\]\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)
QUICK = re.compile(r"^(\w+ = ).*  # quick: (.+)$", re.MULTILINE)
IDS = [chapter.stem for chapter in CHAPTERS]


def program(chapter: Path, *, slow: bool) -> str:
    """The cells of a chapter as one program in which every line stands where it stands in the chapter."""
    text = chapter.read_text(encoding="utf-8")
    lines = [""] * len(text.splitlines())
    for cell in CELL.finditer(text):
        if slow or "slow" not in (cell[1] or ""):
            start = text[: cell.start(2)].count("\n")
            code = cell[2].splitlines()
            lines[start : start + len(code)] = code
    joined = "\n".join(lines) + "\n"
    return joined if slow else QUICK.sub(r"\1\2", joined)


def run(chapter: Path, folder: Path, *, slow: bool) -> None:
    script = folder / f"{chapter.stem}.md.py"
    script.write_text(program(chapter, slow=slow), encoding="utf-8")
    environment = os.environ | {
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONWARNINGS": "ignore::UserWarning",
    }
    done = subprocess.run(
        [sys.executable, script.name], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, f"line numbers are those of {chapter.name}\n{done.stderr[-3000:]}"


@pytest.mark.parametrize(
    "chapter",
    [
        pytest.param(page, marks=pytest.mark.slow if page.stem.startswith("train-") else (), id=page.stem)
        for page in PAGES
    ],
)
def test_cells_run(chapter: Path, tmp_path: Path):
    run(chapter, tmp_path, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "chapter", [c for c in CHAPTERS if re.search(r":tags: \[slow\]|# quick: ", c.read_text(encoding="utf-8"))]
)
def test_slow_cells_run_too(chapter: Path, tmp_path: Path):
    run(chapter, tmp_path, slow=True)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=IDS)
def test_a_chapter_shows_something_and_says_what_comes_next(chapter: Path):
    text = chapter.read_text(encoding="utf-8")
    assert len(CELL.findall(text)) == text.count("{code-cell}") >= 2, "cells begin with ```{code-cell} python"
    number = int(chapter.name[:2])
    assert f"\n# {number}. " in text
    following = [c.name for c in CHAPTERS if int(c.name[:2]) == number + 1]
    assert all(f"]({name})" in text.split("**You have seen:**")[1] for name in following)


def test_every_public_name_is_described_and_stands_in_an_example():
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    described = re.findall(r"^\.\. auto\w+:: groundup\.(\w+)$", text, re.MULTILINE)
    assert sorted(described) == sorted(groundup.__all__)
    code = "".join(cell[2] for cell in CELL.finditer(text))
    assert [name for name in groundup.__all__ if not re.search(rf"\bgu\.{name}\b", code)] == []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=IDS)
def test_code_that_is_shown_by_reference_is_there(chapter: Path):
    found = re.findall(
        r"^```\{literalinclude\} (\S+)\n:language: python\n:pyobject: (\S+)$",
        chapter.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(found) == chapter.read_text(encoding="utf-8").count("{literalinclude}")
    for path, name in found:
        code = (chapter.parent / path).read_text(encoding="utf-8")
        assert re.search(rf"^\s*(def|class) {name.split('.')[-1]}\b", code, re.MULTILINE), f"{path}: {name}"


@pytest.mark.parametrize("page", [*CHAPTERS, *WORK], ids=[page.stem for page in [*CHAPTERS, *WORK]])
def test_notebooks_are_those_of_the_chapters(page: Path):
    made = maker().written(page)
    kept = (ROOT / "notebooks" / f"{page.stem}.ipynb").read_text(encoding="utf-8")
    assert kept == made, "run: make notebooks"
    code = [cell for cell in json.loads(made)["cells"] if cell["cell_type"] == "code"]
    assert len(code) == 1 + len(re.findall(r"^```\{(?:code-cell|literalinclude)\}", text_of(page), re.MULTILINE))
    for cell in code:
        ast.parse("".join(cell["source"]))


def test_there_is_no_notebook_without_a_chapter():
    there = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert there == {page.stem for page in [*CHAPTERS, *WORK]}


def maker() -> Any:
    spec = importlib.util.spec_from_file_location("notebooks", ROOT / "docs" / "notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_every_page_is_in_the_contents():
    """Sphinx says so, too, but only when the site is built."""
    listed = set(re.findall(r"^([\w/-]+)$", text_of(ROOT / "docs" / "index.md"), re.MULTILINE))
    pages = {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    missing = {page for page in pages if not page.startswith("handbook/")} - listed - {"index"}
    assert not missing, "add these to a toctree of docs/index.md"
