"""A comparison by a Python file: its trainings are made by the file, and execute no other."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from groundup.comparisons.changes import of_file
from groundup.comparisons.comparison import Comparison
from groundup.comparisons.conduct import _refuse_other_plan, planned
from groundup.comparisons.one_run import PLAN, run_one
from groundup.comparisons.processes import LOG, outcome_of
from groundup.comparisons.samples import sample
from groundup.comparisons.trials import Trial
from groundup.files import digest
from groundup.recipes.recipe import save_recipe
from groundup.run.own_code import read_code

MINE = '''"""Twice the same, once with a scale."""
import torch
import groundup as gu

class Scale(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * self.scale

RECIPE = gu.TextRecipe(
    name="mine",
    data=gu.TextData(corpus="CORPUS", valid=0.2, batch=4),
    tokenizer=gu.TokenizerSettings(kind="characters"),
    model=gu.preset("gpt2-tiny", vocab_size=22, context=16, width=16, layers=1, heads=2, mlp_width=64),
    train=gu.TrainSettings(steps=4, warmup=1, validate_every=2, save_every=2, threads=1),
    own={"scaled": False},
)
COMPARISON = {"plain": {}, "scaled": {"own": {"scaled": True}}}

def model(config, scaled):
    made = gu.CausalLM(config)
    if scaled:
        made.stack.blocks[0].mlp_norm = Scale(config.width)
    return made
'''


@pytest.fixture
def comparison(corpus: Path, tmp_path: Path) -> Comparison:
    path = tmp_path / "mine.py"
    path.write_text(MINE.replace("CORPUS", corpus.as_posix()))
    return dataclasses.replace(of_file(read_code(path)), tolerance=0.1)


def prepared(comparison: Comparison, root: Path, variant: str) -> Path:
    """The folder of a training as `conduct.begin` leaves it before the process starts."""
    trial = Trial(variant, 1e-3, 0)
    folder = trial.folder(root)
    folder.mkdir(parents=True)
    comparison.code.keep(folder)
    save_recipe(planned(comparison, trial), folder / PLAN)
    return folder


def test_each_training_has_the_model_of_its_row(comparison, tmp_path):
    sizes = {}
    for variant in comparison.variants:
        folder = prepared(comparison, tmp_path / "root", variant)
        outcome = run_one(folder)
        sizes[variant] = outcome.training["parameters"]
        assert {"valid", "valid_last"} <= outcome.figures.keys()
        assert sample(folder, "the ", trusted=comparison.code.sha256).startswith("the ")
    # A scale has one weight a feature, a LayerNorm two.
    assert sizes["plain"] - sizes["scaled"] == 16


def test_a_training_executes_no_file_but_the_one_of_the_comparison(comparison, tmp_path, monkeypatch):
    folder = prepared(comparison, tmp_path / "root", "plain")
    run_one(folder)
    monkeypatch.chdir(tmp_path)
    other = (folder / "recipe.py").read_text() + "\nopen('executed', 'w')\n"
    (folder / "recipe.py").write_text(other)
    recipe = json.loads((folder / "recipe.json").read_text())
    recipe["code"] = digest(folder / "recipe.py")
    (folder / "recipe.json").write_text(json.dumps(recipe))
    for trusted in (False, comparison.code.sha256):
        with pytest.raises(ValueError, match=r"recipe\.py; read that file"):
            sample(folder, "the ", trusted=trusted or False)
    with pytest.raises(ValueError, match=r"recipe\.py; read that file"):
        run_one(folder)
    assert not Path("executed").exists()


def test_a_mistake_in_the_file_is_what_the_comparison_says(comparison, tmp_path):
    path = tmp_path / "bad.py"
    path.write_bytes(comparison.code.source.replace(b"return x * self.scale", b"return x * self.scales"))
    bad = dataclasses.replace(of_file(read_code(path)), tolerance=0.1)
    folder = prepared(bad, tmp_path / "root", "scaled")
    with (folder / LOG).open("w") as log:
        command = [sys.executable, "-m", "groundup.comparisons.one_run", str(folder)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        process.wait(timeout=120)
    with pytest.raises(ValueError, match=r"failed \(.*recipe\.py, line 11: AttributeError: .*scales.*\); all it said"):
        outcome_of(folder, process)
    assert "Traceback" in (folder / LOG).read_text()


def test_rows_of_another_file_are_not_mixed_in(comparison, tmp_path):
    recipe = planned(comparison, Trial("plain", 1e-3, 0))
    for part, change in (("code", "0" * 64), ("own", {"scaled": True})):
        with pytest.raises(ValueError, match=f"begun with {part} "):
            _refuse_other_plan(recipe, dataclasses.replace(recipe, **{part: change}), tmp_path, tmp_path)
