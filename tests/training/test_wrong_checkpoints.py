"""Checkpoints that are sealed and wrong: a file was changed and the manifest written again. One line names it."""

import io
import json
import struct
from dataclasses import asdict

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from groundup.training import fit as fit_module
from groundup.training.checkpoint import load_checkpoint
from groundup.training.manifest import MANIFEST, seal
from groundup.training.places import point
from groundup.training.settings import TrainSettings
from groundup.training.tally import Tally

SETTINGS = TrainSettings(
    steps=4, lr=2e-2, warmup=1, validate_every=4, save_every=4, log_every=4, device="cpu", precision="float32"
)
DEEP = "[" * 100_000


@pytest.fixture(autouse=True)
def no_picture(monkeypatch):
    monkeypatch.setattr(fit_module, "draw_losses", lambda *_: None)


@pytest.fixture
def run(toy_model, toy_data, tmp_path):
    """Go on with a run that has one checkpoint; `folder` and `step` are where that lies."""

    def go(resume=True, model=None):
        valid, report = [toy_data(seed=9).batch(0)], io.StringIO()
        folder, model = tmp_path / "run", model or toy_model()
        fit_module.fit(model, toy_data(), folder=folder, settings=SETTINGS, valid=valid, resume=resume, report=report)

    go(resume=False)
    go.folder = tmp_path / "run" / "checkpoints"
    go.step = go.folder / "step-00000004"
    go.fresh = toy_model(seed=5)
    return go


def reseal(folder):
    (folder / MANIFEST).unlink()
    seal(folder, 4, best=True)
    for pointer in ("latest", "best"):
        point(folder.parent, pointer, 4)


def rewrite(file, change):
    """Change the tensors of a file, and its metadata, in place."""
    with safe_open(file, framework="pt") as opened:
        tensors, metadata = {name: opened.get_tensor(name) for name in opened.keys()}, opened.metadata()  # noqa: SIM118
    tensors, metadata = change(tensors, metadata) or (tensors, metadata)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file, metadata=metadata)
    reseal(file.parent)


def refused(run, name):
    """Going on is one line that names the checkpoint, and changes no weight of the model."""
    model = run.fresh
    before = [parameter.detach().clone() for parameter in model.parameters()]
    with pytest.raises(ValueError) as error:
        run(model=model)
    assert "step-00000004" in str(error.value)
    assert name in str(error.value)
    assert "\n" not in str(error.value)
    assert all(map(torch.equal, before, model.parameters()))


def put(name, tensor):
    def change(tensors, metadata):
        tensors[name] = tensor

    return change


@pytest.mark.parametrize("name", ["0.exp_avg", "0.exp_avg_sq", "2.exp_avg"])
@pytest.mark.parametrize("tensor", [torch.zeros(1), torch.zeros(3, 3), torch.zeros(0), torch.zeros(10**6)])
def test_moments_of_another_shape_never_reach_the_kernel_that_trusts_them(run, name, tensor):
    """Today's fused AdamW writes past their end."""
    rewrite(run.step / "optimizer.safetensors", put(name, tensor))
    refused(run, f"'{name}' is {tuple(tensor.shape)}")


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64, torch.float64, torch.bfloat16])
@pytest.mark.parametrize(
    ("file", "name", "shape"),
    [
        ("model", "embedding.weight", (11, 8)),
        ("optimizer", "0.exp_avg", (11, 8)),
        ("optimizer", "0.step", ()),
    ],
)
def test_numbers_of_another_format_are_refused(run, file, name, shape, dtype):
    rewrite(run.step / f"{file}.safetensors", put(name, torch.ones(shape, dtype=dtype)))
    refused(run, name)


@pytest.mark.parametrize("name", ["7.exp_avg", "-1.exp_avg", "exp_avg", "x.exp_avg", "0.other", "0"])
def test_moments_of_nobody_are_refused(run, name):
    rewrite(run.step / "optimizer.safetensors", put(name, torch.zeros(11, 8)))
    refused(run, "")


@pytest.mark.parametrize("name", ["0.exp_avg", "0.step", "1.exp_avg_sq"])
def test_moments_that_are_missing_are_refused(run, name):
    rewrite(run.step / "optimizer.safetensors", lambda tensors, kept: (tensors, kept, tensors.pop(name))[:2])
    refused(run, "the optimizer needs exp_avg, exp_avg_sq, step")


@pytest.mark.parametrize(
    "rest",
    [
        "",
        DEEP,
        "null",
        "[]",
        "{}",
        '{"scalars": {}, "groups": {}}',
        '{"scalars": {}, "groups": []}',
        '{"scalars": {}, "groups": [{"params": [0]}, {"params": [1, 2]}]}',
        '{"scalars": {"0.exp_avg": 3}, "groups": [{"params": [0, 1]}, {"params": [2]}]}',
        '{"scalars": {}, "groups": [{"params": [0, 1], "betas": "ab"}, {"params": [2]}]}',
        '{"scalars": {}, "groups": [{"params": [0, 1], "betas": [0.9]}, {"params": [2]}]}',
        '{"scalars": {}, "groups": [{"params": [0, 1], "eps": null}, {"params": [2]}]}',
        '{"scalars": {}, "groups": [{"params": [0, 1], "weight_decay": NaN}, {"params": [2]}]}',
    ],
)
def test_what_else_the_optimizer_keeps_has_its_types(run, rest):
    rewrite(run.step / "optimizer.safetensors", lambda tensors, _: (tensors, {"rest": rest}))
    refused(run, "optimizer" if rest != '{"scalars": {"0.exp_avg": 3}}' else "")


def test_how_to_compute_is_not_the_files_to_say(run):
    """A file may not switch the kernels: amsgrad without its tensor would end in a KeyError."""

    def change(tensors, metadata):
        rest = json.loads(metadata["rest"])
        for group in rest["groups"]:
            group |= {"amsgrad": True, "differentiable": True, "fused": "no"}
        return tensors, {"rest": json.dumps(rest)}

    rewrite(run.step / "optimizer.safetensors", change)
    run()


STATE = asdict(Tally(step=4, batches=4, best_step=4, best_loss=1.0, last_loss=1.0, validated=4))


@pytest.mark.parametrize(
    "state",
    [
        DEEP,
        "null",
        "[]",
        "{}",
        "5",
        json.dumps(STATE | {"step": "4"}),
        json.dumps(STATE | {"step": 5}),
        json.dumps(STATE | {"batches": -1}),
        json.dumps(STATE | {"batches": 1.5}),
        json.dumps(STATE | {"since": [0, 0]}),
        json.dumps(STATE | {"since": None}),
        json.dumps(STATE | {"worse": True}),
        json.dumps(STATE | {"seconds": float("nan")}),
        json.dumps(STATE | {"tokens": 10**30}),
        json.dumps(STATE | {"more": 1}),
    ],
)
def test_the_state_has_its_types(run, state):
    (run.step / "state.json").write_text(state)
    reseal(run.step)
    refused(run, "state.json")


def header(**entries):
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


WEIGHTS = {
    "empty": b"",
    "no header": b"\0" * 8,
    "a huge header": struct.pack("<Q", 2**62) + b"{}",
    "a header longer than the file": struct.pack("<Q", 100) + b"{}",
    "not JSON": struct.pack("<Q", 2) + b"{!",
    "not text": struct.pack("<Q", 2) + b"\xff\xfe",
    "a list": struct.pack("<Q", 2) + b"[]",
    "too deep": struct.pack("<Q", len(DEEP)) + DEEP.encode(),
    "an entry of another kind": header(a=5) + bytes(8),
    "overlapping": header(a=entry(), b=entry(offsets=(4, 12))) + bytes(12),
    "negative": header(a=entry(offsets=(-8, 0))) + bytes(8),
    "backwards": header(a=entry(offsets=(8, 0))) + bytes(8),
    "past the end": header(a=entry(offsets=(0, 800), shape=(200,))) + bytes(8),
    "a size that is not its shape's": header(a=entry(shape=(3,))) + bytes(8),
    "a shape beyond 64 bits": header(a=entry(shape=(2**40, 2**40))) + bytes(8),
    "an unknown format": header(a=entry(dtype="F7")) + bytes(8),
    "no tensor": header(),
}


@pytest.mark.parametrize("file", ["model", "optimizer"])
@pytest.mark.parametrize("kind", WEIGHTS)
def test_files_that_hold_no_weights_are_named(run, kind, file):
    (run.step / f"{file}.safetensors").write_bytes(WEIGHTS[kind])
    reseal(run.step)
    refused(run, "" if kind == "no tensor" else f"{file}.safetensors")


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "..", ".", "", "a/b", "C:x", "a\\b", "x\0"])
def test_a_manifest_lists_files_of_its_own_folder_only(run, name, tmp_path):
    (run.folder / "secret").write_text("a file of somebody")
    manifest = run.step / MANIFEST
    content = json.loads(manifest.read_text())
    content["files"][name] = {"bytes": 18, "sha256": "0" * 64}
    manifest.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    point(run.folder, "latest", 4)
    with pytest.raises(ValueError, match=r"MANIFEST.json: lists .*do not trust this run"):
        load_checkpoint(run.folder)


@pytest.mark.parametrize(
    "text", [DEEP, "null", "[]", "5", '{"files": [], "format": 1}', '{"files": null, "format": 1}']
)
@pytest.mark.parametrize("which", ["latest", "best"])
def test_a_manifest_of_another_shape_is_damaged(run, text, which):
    (run.step / MANIFEST).write_text(text)
    for pointer in ("latest", "best"):
        point(run.folder, pointer, 4)
    with pytest.raises(ValueError, match=r"MANIFEST.json: damaged"):
        load_checkpoint(run.folder, which)
