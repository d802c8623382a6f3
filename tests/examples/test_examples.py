"""Every script of examples/, run small: what it shows is what a reader looks for."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

import groundup as gu
from groundup.cli.main import main

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Call an example's `main` in an empty folder; gives what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(name: str, **settings) -> str:
        imported(name).main(**settings)
        return capsys.readouterr().out

    return call


def imported(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers(pattern: str, text: str) -> list[float]:
    return [float(number) for number in re.findall(pattern, text, re.MULTILINE)]


def test_all_four_rows_are_copied(run):
    said = run("copy_task", steps=400)
    assert "4 of 4 copied" in said
    losses = numbers(r"loss (\d\.\d+)", said)
    assert losses[-1] < 0.5 < losses[0]


def test_a_model_with_a_layer_of_ones_own_learns_like_the_stock_one(run):
    said = run("own_block", steps=25, width=32)
    (before, after), (own_before, own_after) = re.findall(r"loss (\S+) -> (\S+)", said)
    assert float(after) < float(before) - 0.5
    assert float(own_after) < float(own_before) - 0.5
    assert own_after != after, "both models are the same: nothing was swapped"


def test_a_plain_loop_learns_and_writes(run):
    said = run("own_training_loop", steps=50, batch=8)
    losses = numbers(r"step \d+  loss (\S+)", said)
    assert losses[0] == pytest.approx(numbers(r"= (\d\.\d+)", said)[0], rel=0.05)  # ln V before the first step
    assert losses[-1] < losses[0] - 1
    assert len(said.split("\nShe")[1]) > 10


def test_fine_tuning_helps_and_transformers_opens_what_it_left(run, tmp_path):
    said = run("fine_tune", steps=25, out=tmp_path / "french")
    ((before, after),) = re.findall(r"loss (\S+) before, (\S+) after", said)
    assert float(after) < float(before) - 0.2
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "french")
    ids = tokenizer("Ça va ?", return_tensors="pt").input_ids
    assert tokenizer.decode(ids[0]) == "Ça va ?"
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "french")
    torch.testing.assert_close(theirs(ids).logits, gu.from_hub(tmp_path / "french")(ids), rtol=1e-4, atol=1e-4)


def test_fine_tuning_goes_on_from_a_folder_that_is_there(run, tmp_path):
    run("fine_tune", steps=2, out=tmp_path / "first")
    said = run("fine_tune", folder=tmp_path / "first", steps=2, out=tmp_path / "second")
    assert "pre-training" not in said
    assert (tmp_path / "second" / "model.safetensors").is_file()


def test_the_second_half_is_foreseen_and_the_heads_are_drawn(run, tmp_path):
    said = run("look_inside", steps=200)
    assert numbers(r"(\d+) of 10 letters", said)[0] >= 8
    assert (tmp_path / "twice.png").read_bytes().startswith(b"\x89PNG")


def test_two_ideas_are_compared_seed_by_seed(run):
    said = run("compare_two_ideas", steps=20, seeds=2)
    learned, rotary = (numbers(r"\d\.\d{3}", line) for line in said.splitlines()[1:3])
    assert all(0 < loss < 5 for loss in learned + rotary)
    assert learned[-1] == pytest.approx(sum(learned[:-1]) / 2, abs=1e-3)
    gains = numbers(r"[+-]\d\.\d{3}", said.splitlines()[3])
    assert gains == pytest.approx([a - b for a, b in zip(learned[:-1], rotary[:-1], strict=True)], abs=2e-3)


@pytest.fixture
def small_norm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with own_norm.py, its numbers made small."""
    monkeypatch.chdir(tmp_path)
    text = (EXAMPLES / "own_norm.py").read_text(encoding="utf-8")
    small = {
        "phrasebook=20_000, valid=200, test=200": "phrasebook=300, valid=8, test=8",
        "width=64, layers=2, encoder_layers=2": "width=32, layers=1, encoder_layers=1",
        "steps=400, lr=4e-3, warmup=40, validate_every=100, save_every=400": "steps=8, lr=4e-3, warmup=1, threads=1",
    }
    for large, few in small.items():
        assert large in text
        text = text.replace(large, few)
    (tmp_path / "own_norm.py").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_recipe_with_a_norm_of_ones_own_is_trained_and_used(small_norm, capsys):
    main(["train", "own_norm.py"])
    assert "groundup translate own-norm --trust-code" in capsys.readouterr().out
    kept = gu.load("own-norm", trust_code=True).model
    assert {type(block.mlp_norm).__name__ for block in kept.encoder.blocks} == {"AbsNorm"}
    main(["translate", "own-norm", "Where is the station?", "--trust-code"])
    assert capsys.readouterr().out.endswith("\n")
    main(["train", "own_norm.py", "--own.norm", "rms", "--name", "stock"])
    kept = gu.load("stock", trust_code=True).model
    assert {type(block.mlp_norm).__name__ for block in kept.encoder.blocks} == {"QuickRMSNorm"}


def test_it_is_compared_with_the_stock_norm(small_norm, capsys):
    main(["compare", "own_norm.py", "--seeds", "0", "--steps", "4", "--jobs", "2"])
    said = capsys.readouterr().out
    assert "rms-norm" in said
    root = small_norm / "runs" / "compare" / "own-norm"
    rows = {row["variant"]: row for row in json.loads((root / "comparison.json").read_text())["rows"]}
    assert rows["rms-norm"]["parameters"] == rows["abs-norm"]["parameters"]
    losses = [rows[name]["values"]["valid"][0] for name in ("rms-norm", "abs-norm")]
    assert losses[0] != losses[1], "the children trained the same model"
    curves = (root / "curves.csv").read_text().splitlines()
    assert curves[0] == "name,run,step,loss,valid_loss"
    assert any(line.startswith('"abs-norm, lr 0.004"') for line in curves)


def test_a_larger_vocabulary_makes_texts_shorter(run, tmp_path):
    said = run("own_tokenizer", pairs=1_000)
    sizes = numbers(r"^ +[\d,]+  (\d\.\d+)$", said)
    assert len(sizes) == 4
    assert sizes == sorted(sizes)
    assert sizes[-1] > 2
    assert "the same ids: True" in said
    assert (tmp_path / "my-tokenizer" / "tokenizer.json").is_file()


def test_the_translator_learns_and_is_judged(run):
    said = run("translator", steps=60, pairs=1_000, judged=8)
    assert said.count("expected") == 3
    assert 0 <= numbers(r"BLEU (\S+) on 8", said)[0] <= 100


def test_parameters_are_flags():
    command = [sys.executable, str(EXAMPLES / "copy_task.py"), "--steps", "none"]
    said = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert said.returncode == 2
    assert "--steps" in said.stderr
    assert "Traceback" not in said.stderr


SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))


def test_every_script_has_its_row_and_its_test():
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[`(\w+\.py)`\]\(\1\)", readme, re.MULTILINE)
    assert sorted(listed) == SCRIPTS
    here = Path(__file__).read_text(encoding="utf-8")
    of_commands = {"own_norm.py"}  # a recipe, which `groundup train` and `compare` read
    assert [name for name in SCRIPTS if f'run("{name.removesuffix(".py")}"' not in here] == [*of_commands]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_can_be_read_on_one_screen(name: str):
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    assert 20 <= len(text.splitlines()) <= 65
    assert "import groundup as gu" in text
    assert not re.search(r"(from|import) groundup\.", text), "an example uses the public names only"
