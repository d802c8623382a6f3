"""The recipe that docs/own-ideas.md shows is one: it builds, and its rows are a fair comparison."""

import re
from pathlib import Path

import torch

from groundup.comparisons.changes import of_file
from groundup.comparisons.comparison import check_sizes
from groundup.run.own_code import PARTS, read_code

PAGE = (Path(__file__).parents[2] / "docs" / "own-ideas.md").read_text(encoding="utf-8")


def test_the_file_of_the_page_is_a_recipe_and_a_fair_comparison(tmp_path: Path):
    recipe, rows = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "mine.py").write_text(recipe + rows, encoding="utf-8")
    comparison = of_file(read_code(tmp_path / "mine.py"))
    assert list(comparison.variants) == ["rms-norm", "abs-norm", "abs-norm-wide"]
    sizes = check_sizes(comparison)
    assert sizes["rms-norm"] == sizes["abs-norm"] < sizes["abs-norm-wide"]
    model = comparison.code.build(comparison.variants["abs-norm"])
    assert type(model.stack.blocks[0].mlp_norm).__name__ == "AbsNorm"  # type: ignore[union-attr]
    assert model(torch.zeros(1, 4, dtype=torch.long)).shape == (1, 4, 65)


def test_the_page_names_every_part_of_a_file():
    assert [name for name in ("RECIPE", "COMPARISON", *PARTS) if f"| `{name}" not in PAGE] == []
