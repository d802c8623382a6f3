"""Recomputing and compiling change what a step costs and nothing else: same gradients, same names on the disk."""

import dataclasses
import io

import pytest
import torch

from groundup import preset
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.training import prepare
from groundup.training.checkpoint import load_checkpoint
from groundup.training.fit import fit
from groundup.training.log import read_metrics
from groundup.training.loss import cross_entropy
from groundup.training.settings import TrainSettings
from groundup.training.tensors import model_tensors

SMALL = {"vocab_size": 61, "context": 12, "width": 32, "heads": 2, "layers": 3, "mlp_width": 64}


def language_model(**changes):
    torch.manual_seed(3)
    return CausalLM(dataclasses.replace(preset("gpt2-tiny", dropout=0.3), **SMALL, **changes))


def translator():
    torch.manual_seed(3)
    config = preset("transformer-base", dropout=0.3)
    return Seq2Seq(dataclasses.replace(config, **SMALL, encoder_layers=2, source_vocab_size=None))


def gradients(model, inputs):
    torch.manual_seed(11)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.numel()) or x, lambda x: x):
        logits = model.train()(*inputs)
    loss, _ = cross_entropy(logits, torch.randint(61, logits.shape[:2], generator=torch.Generator().manual_seed(1)))
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters()}, sum(kept), torch.rand(1)


@pytest.mark.parametrize("make", [language_model, translator])
def test_recomputed_gradients_are_the_same_bit_for_bit_dropout_included(make):
    ids = torch.randint(61, (4, 12), generator=torch.Generator().manual_seed(2))
    inputs = (ids,) if make is language_model else (ids, ids, None)
    plain, changed = make(), make()
    names = list(changed.state_dict())
    prepare.recompute(changed)
    expected, much, after = gradients(plain, inputs)
    got, little, after_too = gradients(changed, inputs)
    assert little < much / 2
    assert torch.equal(after, after_too)  # and the generator stands where it would have stood
    assert list(changed.state_dict()) == names
    for name, gradient in expected.items():
        assert torch.equal(got[name], gradient), name
    prepare.undo(changed)
    changed.zero_grad()
    again, kept, _ = gradients(changed, inputs)
    assert kept == much
    assert all(torch.equal(again[name], gradient) for name, gradient in expected.items())


SETTINGS = TrainSettings(
    steps=4, lr=1e-2, warmup=1, validate_every=2, save_every=2, log_every=1, device="cpu", precision="float32"
)


class Ids:
    def __init__(self, batch):
        self.make = batch

    def batches(self, start=0):
        while True:
            ids = torch.randint(61, (3, 12), generator=torch.Generator().manual_seed(start))
            yield self.make((ids,), (ids + 1) % 61)
            start += 1


def trained(folder, toy_batch, **changes):
    model, said, data = language_model(), io.StringIO(), Ids(toy_batch)
    valid = [next(data.batches(99))]
    settings = dataclasses.replace(SETTINGS, **changes)
    fit(model, data, folder=folder, settings=settings, valid=valid, report=said)
    return model, said.getvalue()


def test_a_training_that_recomputes_ends_with_the_same_bits(toy_batch, tmp_path):
    plain, _ = trained(tmp_path / "plain", toy_batch)
    changed, said = trained(tmp_path / "changed", toy_batch, recompute=True)
    assert "recomputing activations" in said
    for name, tensor in model_tensors(plain).items():
        assert torch.equal(tensor, model_tensors(changed)[name])
    assert not any("forward" in vars(block) for block in prepare.blocks(changed))


def test_a_compiled_training_says_so_and_saves_the_same_names(toy_batch, tmp_path, monkeypatch):
    """With the compiler that only traces: how fast its code is, is not ours to test."""
    compiled = []

    def trace(module, *args, **kwargs):
        compiled.append(type(module).__name__)
        module._compiled_call_impl = torch.compile(module._call_impl, backend="aot_eager")

    monkeypatch.setattr(torch.nn.Module, "compile", trace)
    plain, said = trained(tmp_path / "plain", toy_batch)
    assert "compiled" not in said
    changed, said = trained(tmp_path / "changed", toy_batch, compile="on")
    assert compiled == ["CausalLM"]
    assert "compiled, as asked" in said.splitlines()[0]
    assert changed._compiled_call_impl is None
    saved = load_checkpoint(tmp_path / "changed" / "checkpoints").model
    assert saved.keys() == model_tensors(plain).keys()
    for name, tensor in model_tensors(plain).items():
        torch.testing.assert_close(saved[name], tensor, atol=1e-4, rtol=0)


def test_auto_compiles_on_a_gpu_for_one_shape_only(toy_data, toy_batch, monkeypatch):
    monkeypatch.setattr(prepare.importlib.util, "find_spec", lambda name: object())
    gpu, cpu = torch.device("cuda"), torch.device("cpu")
    assert prepare.compiles("auto", gpu, toy_data())[0]
    assert not prepare.compiles("auto", cpu, toy_data())[0]
    assert prepare.compiles("on", cpu, toy_data())[0]
    assert not prepare.compiles("off", gpu, toy_data())[0]

    class Uneven:
        def batches(self, start=0):
            for n in range(start, start + 9):
                yield toy_data(length=3 + n % 2).batch(n)

    assert prepare.compiles("auto", gpu, Uneven()) == (False, "not compiled: batches differ in shape")


def test_a_training_with_a_head_in_chunks_says_so_and_leaves_the_model_as_it_was(toy_batch, tmp_path):
    def losses(name: str) -> list[float]:
        return [r["valid_loss"] for r in read_metrics(tmp_path / name / "metrics.jsonl") if "valid_loss" in r]

    trained(tmp_path / "plain", toy_batch)
    changed, said = trained(tmp_path / "changed", toy_batch, chunk_head=10)
    assert "logits of 10 tokens at a time" in said.splitlines()[0]
    assert "forward" not in vars(changed)
    assert losses("changed") == pytest.approx(losses("plain"), abs=1e-4)
