"""`groundup train corpus --init-from DIR`: the folder's model and tokenizer, and nothing else, are gone on from."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import groundup as gu
from groundup.cli.main import main

TEXT = "The old house is behind the church. Where is the church? It is behind the station, and the house is old.\n" * 40
STEPS = (
    "--train.validate-every 4 --train.save-every 4 --train.warmup 1 --train.threads 1 --train.precision float32".split()
)
SHORT = [*STEPS, "--train.steps", "4", "--max-minutes", "None", "--data.batch", "4", "--train.lr", "1e-3"]


@pytest.fixture
def desk(tmp_path: Path, folders, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "text.txt").write_text(TEXT)
    for family in ("gpt2", "llama", "marian"):
        shutil.copytree(folders[family], tmp_path / family)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(folder: str, *more: str) -> None:
    main(["train", "corpus", "text.txt", "--init-from", folder, "--name", "tuned", *SHORT, *more])


def losses(desk: Path) -> dict[int, float]:
    lines = map(json.loads, (desk / "runs/tuned/metrics.jsonl").read_text().splitlines())
    return {line["step"]: line["valid_loss"] for line in lines if "valid_loss" in line}


def loss_by_transformers(folder: str, context: int) -> float:
    """Of every token but the first of the held-out text, in windows of the context."""
    _, held_out = gu.split_text(TEXT, valid=0.1)
    ids = AutoTokenizer.from_pretrained(folder)(held_out, return_tensors="pt").input_ids[0]
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    total = 0.0
    with torch.no_grad():
        for at in range(0, len(ids) - 1, context):
            logits = model(ids[None, at : at + context][:, : len(ids) - 1 - at]).logits[0]
            total += torch.nn.functional.cross_entropy(
                logits, ids[at + 1 : at + 1 + len(logits)], reduction="sum"
            ).item()
    return total / (len(ids) - 1)


@pytest.mark.parametrize("folder", ["gpt2", "llama"])
def test_it_begins_where_the_folder_ends(desk: Path, folder: str, tokenizers):
    train(folder)
    found = losses(desk)
    assert found[0] == pytest.approx(loss_by_transformers(folder, 48), abs=1e-4)
    assert found[4] < found[0] - 0.1
    run = gu.load("tuned", device="cpu")
    assert run.tokenizer.encode("the church") == tokenizers[folder].encode("the church")
    assert run.model.config.context == 48
    assert run.model.config.dropout == 0.1, "dropout is the recipe's"
    gu.to_hub(run.model, desk / "out", tokenizer=run.tokenizer)
    assert AutoModelForCausalLM.from_pretrained(desk / "out").config.model_type == folder


def test_a_run_that_stopped_before_it_saved(desk: Path):
    """Resumed, it begins from the folder again, not from nothing."""
    train("gpt2")
    first = losses(desk)
    shutil.rmtree(desk / "runs/tuned/checkpoints")
    (desk / "runs/tuned/metrics.jsonl").unlink()
    main(["resume", "tuned"])
    assert losses(desk) == first


@pytest.mark.parametrize(
    ("folder", "more", "words"),
    [
        ("gpt2", ["--model.layers", "3"], "--model.layers (3) contradicts gpt2, where it is 2; leave it out"),
        ("gpt2", ["--model.kv-heads", "2"], "--model.kv-heads (2) contradicts gpt2, where it is None"),
        ("gpt2", ["--tokenizer.vocab-size", "500"], "--tokenizer.vocab-size (500) contradicts gpt2, where it is 290"),
        ("gpt2", ["--preset", "gpt2-tiny"], "leave out --preset"),
        ("marian", [], "marian holds an encoder-decoder"),
        ("nowhere/at/all", [], "there is no folder nowhere/at/all"),
    ],
)
def test_mistakes(desk: Path, capsys, folder, more, words):
    with pytest.raises(SystemExit) as stop:
        train(folder, *more)
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert words in said
    assert said.count("\n") == 1
    assert not (desk / "runs").exists()


def test_translation_has_no_folder_to_begin_from(desk: Path, capsys):
    with pytest.raises(SystemExit):
        main(["train", "translation", "--init-from", "gpt2"])
    assert "--init-from is for language models" in capsys.readouterr().err
