"""A step is so many tokens, however many ranks there are: smaller micro-batches, the same windows, the same losses."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from groundup.flow.describe import training_record
from groundup.flow.train import train
from groundup.machine import hardware
from groundup.presets import preset
from groundup.recipes.recipe import TextData, TextRecipe, TokenizerSettings
from groundup.run.folder import RunFolder
from groundup.training.log import read_metrics
from groundup.training.settings import TrainSettings
from groundup.training.tally import FitResult, Tally

SHAPE = dict(vocab_size=300, width=16, layers=1, heads=2, mlp_width=32, context=16)


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Train to so many steps of 32 windows, in batches such as each of so many ranks takes; gives what was said."""
    (tmp_path / "text.txt").write_text("".join(f"{n} times {n} is {n * n}.\n" for n in range(400)))
    recipe = TextRecipe(
        name="text",
        data=TextData(corpus=str(tmp_path / "text.txt"), batch=16),
        tokenizer=TokenizerSettings(vocab_size=270),
        model=preset("gpt2-tiny", **SHAPE),
        train=TrainSettings(
            batch_tokens=32 * 16, warmup=0, validate_every=4, save_every=4, log_every=1, threads=1, precision="float32"
        ),
    )

    def call(name: str, steps: int, ranks: int = 1, *, resume: bool = False) -> list[str]:
        said: list[str] = []
        here = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, schedule="constant", steps=steps))
        monkeypatch.setattr(
            "groundup.flow.text.launch", SimpleNamespace(rank=lambda: 0, size=lambda: ranks)
        )  # `fit` is on one process all the same
        folder = RunFolder(tmp_path / name)
        if resume:
            here = dataclasses.replace(folder.recipe(), train=here.train)
        train(here, folder, resume=resume, say=said.append)
        return said

    return call


def losses(folder: Path) -> dict[int, float]:
    return {r["step"]: r["loss"] for r in read_metrics(folder / "metrics.jsonl") if "loss" in r}


def test_a_run_goes_on_in_smaller_micro_batches_with_the_same_windows(go, tmp_path: Path):
    whole = go("whole", 8)
    assert not [line for line in whole if "micro-batches" in line]
    go("cut", 4)
    said = "\n".join(go("cut", 8, ranks=4, resume=True))
    assert "micro-batches of 8 windows, so that 4 ranks make up 512 tokens" in said
    assert "of 16 windows of 16 tokens" in said
    assert "warning" not in said, "the order of the windows is the same"
    assert losses(tmp_path / "cut") == pytest.approx(losses(tmp_path / "whole"), abs=1e-5)
    assert RunFolder(tmp_path / "cut").recipe().data.batch == 16, "what is written down is the recipe"


def test_what_ranks_cannot_share_is_refused_before_anything_is_there(go, tmp_path: Path):
    with pytest.raises(
        ValueError, match=r"a multiple of 48: .* on 3 ranks; try 2 ranks, or --train.batch-tokens 480 or"
    ):
        go("three", 4, ranks=3)
    assert not (tmp_path / "three").exists()


def test_the_record_names_the_device_that_the_model_is_on(monkeypatch: pytest.MonkeyPatch):
    """On a machine with GPUs too, where a model may be on the processor or on the second of them."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: f"GPU {device.index or 0}")
    fitted = FitResult.of(Tally(best_step=1, best_loss=1.0, last_loss=1.0), "all 1 steps done")
    assert "threads on" in training_record(fitted, torch.nn.Linear(1, 1), 0.0)["hardware"]
    assert hardware(torch.device("cuda:1")) == "GPU 1"
    assert hardware() == "GPU 0"
