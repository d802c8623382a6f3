"""What a notebook says of a cell out of order and of a missing package, and that it says it in a real kernel."""

import os
from pathlib import Path

import pytest

from groundup.notebook import advice


def error_of(code: str) -> Exception:
    try:
        exec(code, {})
    except Exception as error:
        return error
    raise AssertionError("no error")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print(heads)", "If a cell above makes `heads`, run that one first: Run > Run All Above Selected Cell."),
        ("import not_there", "not_there is not installed. In a new cell: %pip install not_there"),
        ("raise ModuleNotFoundError(name='transformers.models')", "transformers is not installed. In a new cell: "
         "%pip install 'groundup[hub]'"),
        ("def f():\n    x += 1\nf()", None),
        ("from math import nothing_of_it", None),
        ("raise NameError('mine')", None),
    ],
)  # fmt: skip
def test_the_line_says_what_to_do(code: str, said: str | None):
    assert advice(error_of(code)) == said


def test_a_notebook_says_it_below_the_error(monkeypatch: pytest.MonkeyPatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    source = str(Path(__file__).parents[1] / "src")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([source, os.environ.get("PYTHONPATH", "")]))
    cells = ["from groundup.notebook import explain_errors\nexplain_errors()", "print(tokenizer)", "print(1)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="tokenizer"):  # it is an error still
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True).execute()
    said = notebook.cells[1].outputs
    assert "If a cell above makes `tokenizer`" in "".join(one.get("text", "") for one in said)
    assert any("NameError" in str(one) for one in said)
    assert notebook.cells[2].outputs[0].text == "1\n"
