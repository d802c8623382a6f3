"""The notebooks run as notebooks: every cell in a Jupyter kernel of its own, in order, in a fresh folder.

The numbers behind `# quick:` take the place of the large ones, and cells with the tag `slow` are left out. Without
nbclient and ipykernel (extra `dev`) they cannot run; test_handbook.py runs the same cells as programs.
"""

import os
import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICK = re.compile(r"^(\w+ = ).*  # quick: (.+)$", re.MULTILINE)
AT_ONCE = ("01-tokens", "look-inside-a-run", "use-a-hub-folder")  # the others take longer than a quick suite allows


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=() if path.stem in AT_ONCE else pytest.mark.slow, id=path.stem) for path in NOTEBOOKS],
)
def test_every_cell_runs_in_small(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "slow" not in cell.metadata.get("tags", ())]
    for cell in notebook.cells:
        cell.source = QUICK.sub(r"\1\2", cell.source)
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code if cell.source)
    assert "groundup" in code[0].outputs[0].text
