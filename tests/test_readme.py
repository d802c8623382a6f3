"""What the README shows runs as it stands."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_python_example_trains_a_model(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = re.search(r"```python\n(.*?)\nrun = ", README, re.DOTALL)
    assert example is not None
    code = example[1].replace("steps=200", "steps=21").replace("2_000_000", "100_000").replace("2048", "600")
    exec(compile(code, "README.md", "exec"), {})
    assert re.fullmatch(r"step 20  loss \d\.\d+  lr \S+  grad \S+  \S+ tok/s", capsys.readouterr().out.strip())


def test_every_verb_and_recipe_is_named():
    from groundup.cli.main import VERBS
    from groundup.recipes.table import RECIPES

    for name in VERBS:
        assert f"groundup {name}" in README, f"the README does not show `groundup {name}`"
    for name in RECIPES:
        assert name in README, f"the README's table lacks the recipe {name}"
