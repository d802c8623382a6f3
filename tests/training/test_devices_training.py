"""A whole training on a GPU that is only pretended (`tests/pretend.py`): it learns what it learns on the processor, its
checkpoints go from one to the other, and a step waits for the GPU once."""

import dataclasses
import io
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.testing._internal.distributed.fake_pg
from chunked import Uneven, model_of
from pretend import OnGPU, PretendGPU

from groundup.decode.choose import Sample
from groundup.flow.train import train as train_recipe
from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TextData, TextRecipe, TokenizerSettings
from groundup.run.folder import RunFolder
from groundup.training import distributed, prepare
from groundup.training.checkpoint import load_checkpoint
from groundup.training.fit import fit
from groundup.training.loop import train
from groundup.training.precision import choose_device, choose_precision
from groundup.training.settings import TrainSettings
from groundup.training.tensors import model_tensors
from groundup.training.validate import validate

SETTINGS = TrainSettings(
    steps=6, lr=5e-3, warmup=2, validate_every=3, save_every=3, log_every=2, accumulate=2, precision="float32", clip=0.1
)
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "adamw": ("gpt2", {}),
    "muon": ("gpt2", {"optimizer": "muon", "average": 3, "recompute": True}),
    "chunks": ("seq2seq", {"chunk_head": 5, "smoothing": 0.1, "average": 3}),
}


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendGPU]:
    monkeypatch.setattr("groundup.training.flops._measured", lambda *what: 1e12)
    monkeypatch.setattr("groundup.training.fit.draw_losses", lambda *what: None)
    with PretendGPU() as gpu:
        yield gpu


def fitted(folder: Path, device: str, kind: str, *, resume: bool = False, **changes: Any) -> tuple[Any, dict, str]:
    model, data, report = model_of(kind, dropout=0.0), Uneven(kind), io.StringIO()
    settings = dataclasses.replace(SETTINGS, device=device, **changes)
    valid = [data.batch(n) for n in range(1000, 1003)]
    result = fit(model, data, folder=folder, settings=settings, valid=valid, resume=resume, report=report)
    return result, model_tensors(model), report.getvalue()


@pytest.mark.parametrize("way", WAYS)
def test_a_training_there_is_the_one_here(gpu, way, tmp_path):
    kind, how = WAYS[way]
    there, weights, report = fitted(tmp_path / "there", "cuda", kind, **how)
    here, expected, _ = fitted(tmp_path / "here", "cpu", kind, **how)
    assert "training on cuda" in report
    assert there.last_loss == pytest.approx(here.last_loss, abs=1e-3)
    for name, tensor in weights.items():
        assert isinstance(tensor, OnGPU)
        torch.testing.assert_close(tensor.inner, expected[name].detach(), atol=2e-3, rtol=1e-2, msg=name)
    saved = load_checkpoint(tmp_path / "there" / "checkpoints", "latest")
    assert all(type(tensor) is torch.Tensor for tensor in saved.model.values())


@pytest.mark.parametrize("ends", [("cuda", "cuda"), ("cuda", "cpu"), ("cpu", "cuda")])
def test_a_checkpoint_goes_from_one_to_the_other(gpu, ends, tmp_path):
    (first, second), kind = ends, "gpt2"
    how = {"optimizer": "muon", "average": 3, "schedule": "constant"}
    fitted(tmp_path / "run", first, kind, **how, steps=3)
    resumed, _, report = fitted(tmp_path / "run", second, kind, **how, resume=True)
    straight, _, _ = fitted(tmp_path / "straight", "cpu", kind, **how)
    assert "resumed at step 3" in report
    assert resumed.last_loss == pytest.approx(straight.last_loss, abs=1e-3)


@pytest.mark.parametrize("kind", ["modern", "seq2seq"])
def test_bfloat16_is_what_a_gpu_is_given(gpu, kind, tmp_path):
    there, _, report = fitted(tmp_path / "there", "auto", kind, precision="auto", chunk_head=7)
    here, _, _ = fitted(tmp_path / "here", "cpu", kind)
    assert "bfloat16 autocast: this GPU has bfloat16" in report
    assert "data sheet of the h100" in report
    assert there.last_loss == pytest.approx(here.last_loss, abs=0.1)


@pytest.mark.parametrize(
    ("way", "precision"), [("plain", "float32"), ("recompute", "bfloat16"), ("chunks", "bfloat16")]
)
def test_a_step_waits_for_the_gpu_once(gpu, way, precision):
    model, data = model_of("gpt2").to("cuda"), Uneven("gpt2")
    if way == "recompute":
        prepare.recompute(model)
    if way == "chunks":
        prepare.chunk_head(model, 5)
    chosen = choose_precision(choose_device("cuda"), precision)
    gpu.waits.clear()
    for _ in train(model, data.batches(), steps=3, accumulate=2, clip=1e-3, precision=chosen):
        assert gpu.waits == ["tolist"]
        gpu.waits.clear()
    validate(model, [data.batch(n) for n in range(3)], chosen)
    assert gpu.waits == ["_local_scalar_dense"] * 3  # one for each batch


SMALL: dict[str, Any] = dict(width=32, heads=2, layers=2, mlp_width=48)
TRAIN = TrainSettings(steps=2, warmup=1, validate_every=2, device="cuda", precision="bfloat16")
LINES = [f"{a} {b} run." for a in ("red", "old", "two", "big") for b in ("cats", "dogs", "boys", "cars", "mice")]


def test_a_language_model_is_made_judged_and_used_there(gpu, tmp_path):
    (tmp_path / "text.txt").write_text("\n".join(LINES * 30))
    recipe = TextRecipe(
        name="writer",
        data=TextData(corpus=str(tmp_path / "text.txt"), batch=4),
        tokenizer=TokenizerSettings(vocab_size=300, pad=64),
        model=preset("modern-tiny", context=32, **SMALL | {"mlp_width": None}),
        train=TRAIN,
    )
    run = train_recipe(dataclasses.replace(recipe, questions=1), RunFolder(tmp_path / "writer"), say=lambda line: None)
    assert run.device.type == "cuda"
    assert len("".join(run.generate("red", choose=Sample(seed=1), max_new_tokens=40, slide=True))) > 3
    assert len(run.generate_batch(["red", "two big"], choose=Sample(top_k=5, seed=1), num_return_sequences=2)) == 2
    assert len(run.search(["red", "two big cats"], num_beams=2, max_new_tokens=6)) == 2
    run.attention("red cats run.").save(tmp_path / "look")
    with pytest.raises(ValueError, match="int8 is for CPUs"):
        run.generate("red", precision="int8")


def test_a_translator_is_made_judged_and_used_there(gpu, tmp_path):
    (tmp_path / "pairs.tsv").write_text("".join(f"{line}\t{line[::-1]}\n" for line in LINES * 2))
    recipe = PairRecipe(
        name="turner",
        data=PairData(corpus=str(tmp_path / "pairs.tsv"), valid=3, test=3, batch_tokens=128),
        tokenizer=TokenizerSettings(vocab_size=270),
        model=preset("transformer-tiny", vocab_size=270, context=48, encoder_layers=1, **SMALL),
        train=TRAIN,
    )
    run = train_recipe(recipe, RunFolder(tmp_path / "turner"), say=lambda line: None)
    assert run.device.type == "cuda"
    for how in ({}, {"num_beams": 3, "num_return_sequences": 2}, {"choose": Sample(seed=2), "num_return_sequences": 2}):
        found = run.answers(["red cats run.", "", "old dogs run."], max_new_tokens=8, **how)
        assert [bool(answers) for answers in found] == [True, False, True]
    assert "".join(run.stream("red cats run.", max_new_tokens=5))
    assert run.probabilities("red cats run.", run.target.encode("nur")).sum(dim=-1).cpu().min() > 0.99


def test_ranks_take_their_gpu_before_they_meet_and_agree_through_the_processor(gpu, monkeypatch):
    """NCCL takes no tensor of the processor's, so gloo stands beside it; here a backend that does nothing is NCCL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name, value in {
        "RANK": 0,
        "WORLD_SIZE": 1,
        "LOCAL_RANK": 2,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
    }.items():
        monkeypatch.setenv(name, str(value))
    done, meet = [], distributed._start_group
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    monkeypatch.setattr("torch.cuda.set_device", lambda device: done.append(str(device)))

    def met(backend: str, timeout: Any) -> None:
        done.append(backend)
        meet(backend.replace("nccl", "fake"), timeout)

    monkeypatch.setattr(distributed, "_start_group", met)
    with distributed.assembled(TrainSettings(device="cuda")) as team:
        assert done == ["cuda:2", "cpu:gloo,cuda:nccl"]
        assert team.device == torch.device("cuda", 2)
        assert team.sum(1.0, 2.5) == [1.0, 2.5]
        assert team.any(True)
        assert team.gather("mine") == ["mine"]
        assert team.from_main(lambda: "said") == "said"
        assert torch.distributed.distributed_c10d._get_object_coll_device() == "cpu"
