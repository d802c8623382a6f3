"""Head and loss in chunks: the same loss and gradients as from all logits, which are never there."""

import dataclasses
from functools import partial
from itertools import islice

import chunked
import pytest
import torch
from chunked import Uneven, model_of, train_some
from hypothesis import given, settings
from hypothesis import strategies as st
from ranks import on_ranks
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from groundup.batch import IGNORE
from groundup.training import prepare
from groundup.training.head import gives_loss, head_loss, head_loss_plainly
from groundup.training.loop import train
from groundup.training.precision import choose_precision
from groundup.training.settings import TrainSettings
from groundup.training.tensors import model_tensors
from groundup.training.validate import validate

FLOAT32 = choose_precision("cpu", "float32")


def example(B, T, V, *, C=8, seed=0, ignored=0.3):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(B, T, C, generator=generator).requires_grad_()
    weight = torch.randn(V, C, generator=generator).requires_grad_()
    targets = torch.randint(V, (B, T), generator=generator)
    targets[torch.rand(B, T, generator=generator) < ignored] = IGNORE
    return x, weight, targets


@settings(deadline=None, max_examples=60)
@given(
    B=st.integers(1, 4),
    T=st.integers(1, 6),
    V=st.integers(2, 40),
    rows=st.integers(1, 30),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    ignored=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 10_000),
)
def test_loss_and_gradients_are_torchs(B, T, V, rows, smoothing, ignored, seed):
    x, weight, targets = example(B, T, V, seed=seed, ignored=ignored)
    exact, exact_weight = (tensor.detach().double().requires_grad_() for tensor in (x, weight))
    loss = head_loss(x, weight, targets, rows=rows, smoothing=smoothing)
    logits = (exact @ exact_weight.T).flatten(0, 1)
    expected = F.cross_entropy(
        logits, targets.flatten(), ignore_index=IGNORE, reduction="sum", label_smoothing=smoothing
    )
    (loss / 7).backward()
    (expected / 7).backward()
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-5)
    for got, right in ((x, exact), (weight, exact_weight)):
        torch.testing.assert_close(got.grad, right.grad, rtol=1e-4, atol=1e-5, check_dtype=False)


def test_in_bfloat16_it_is_as_near_the_truth_as_all_logits_at_once():
    x, weight, targets = example(4, 128, 500, C=32)

    def errors(loss_of, **options):
        tensors = [tensor.detach().clone().requires_grad_() for tensor in (x, weight)]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_of(*tensors, targets, smoothing=0.1, **options)
        gradients = torch.autograd.grad(loss, tensors)
        assert all(gradient.dtype == torch.float32 for gradient in gradients)
        off = [(gradient - right).norm() / right.norm() for gradient, right in zip(gradients, exact, strict=True)]
        return abs(loss.item() / truth.item() - 1), *(float(one) for one in off)

    truth = head_loss_plainly(x, weight, targets, smoothing=0.1)
    exact = torch.autograd.grad(truth, (x, weight))
    in_chunks, whole = errors(head_loss, rows=100), errors(head_loss_plainly)
    assert 0 < max(in_chunks) < 0.01
    for chunked_off, whole_off in zip(in_chunks, whole, strict=True):
        assert chunked_off < 1.1 * whole_off + 1e-6


class Largest(TorchDispatchMode):
    """The most numbers of a tensor that any operation gave."""

    most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.most = max([self.most, *(x.numel() for x in tree_leaves(out) if torch.is_tensor(x))])
        return out


@pytest.mark.parametrize("kind", ["gpt2", "seq2seq"])
def test_all_logits_are_never_held(kind):
    """Neither in training nor in validation; 4 x 12 tokens, 5 at a time."""
    model = model_of(kind, vocab_size=997)
    batch = Uneven(kind).batch(0)
    weights = 997 * 32
    for rows, held in ((None, 48 * 997), (5, weights)):
        if rows:
            prepare.chunk_head(model, rows)
        with Largest() as seen:
            list(train(model, [batch], steps=1, precision=FLOAT32))
            validate(model, [batch], FLOAT32)
        assert seen.most == held


@pytest.mark.parametrize("kind", ["gpt2", "untied", "modern", "seq2seq"])
def test_a_training_in_chunks_is_the_same_training(kind):
    """Dropout, micro-batches with unequal numbers of targets, label smoothing; rows that do not divide the batch."""
    whole, changed = model_of(kind), model_of(kind)
    names = list(changed.state_dict())
    prepare.chunk_head(changed, 7)
    expected, got = train_some(whole, kind), train_some(changed, kind)
    assert [step.tokens for step in got] == [step.tokens for step in expected]
    assert [step.loss for step in got] == pytest.approx([step.loss for step in expected], abs=2e-6)
    assert [step.grad_norm for step in got] == pytest.approx([step.grad_norm for step in expected], rel=1e-5)
    assert list(changed.state_dict()) == names
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(changed.state_dict()[name], tensor, atol=2e-6, rtol=0)
    held_out = list(islice(Uneven(kind).batches(50), 3))
    assert validate(changed, held_out, FLOAT32) == pytest.approx(validate(whole, held_out, FLOAT32), abs=2e-5)


def test_without_targets_it_still_answers_with_logits_and_it_can_be_undone():
    model, batch = model_of("gpt2").eval(), Uneven("gpt2").batch(0)
    expected = model(*batch.inputs)
    prepare.chunk_head(model, 5)
    assert gives_loss(model)
    assert torch.equal(model(*batch.inputs), expected)
    assert model(*batch.inputs, targets=batch.targets).shape == ()
    prepare.undo(model)
    assert not gives_loss(model)
    with pytest.raises(TypeError):
        model(*batch.inputs, targets=batch.targets)


def test_it_goes_with_compilation(monkeypatch):
    """With the compiler that only traces: how fast its code is, is not ours to test."""
    from torch._dynamo.testing import CompileCounterWithBackend

    expected = train_some(model_of("gpt2", dropout=0.0, layers=1), "gpt2", steps=1)
    model = model_of("gpt2", dropout=0.0, layers=1)
    prepare.chunk_head(model, 20)
    graphs = CompileCounterWithBackend("aot_eager")
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=graphs, fullgraph=True))
    prepare.compile_forward(model, by_block=False)
    got = train_some(model, "gpt2", steps=1)
    assert [step.loss for step in got] == pytest.approx([step.loss for step in expected], abs=1e-5)
    assert [step.grad_norm for step in got] == pytest.approx([step.grad_norm for step in expected], rel=1e-4)
    assert graphs.frame_count == 1
    prepare.undo(model)
    assert "hidden" not in vars(model)


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_ranks_in_chunks_train_as_one_process_does_with_all_logits(parallel):
    alone = model_of("gpt2")
    expected = train_some(alone, "gpt2", accumulate=4)
    losses, weights = on_ranks(2, chunked.on_a_rank, parallel=parallel)[0]
    assert losses == pytest.approx([step.loss for step in expected], abs=5e-6)
    for name, tensor in model_tensors(alone).items():
        torch.testing.assert_close(weights[name], tensor, atol=2e-6, rtol=0)


def test_what_cannot_be_is_refused(toy_model):
    with pytest.raises(ValueError, match=r"chunk_head \(0\) must be at least 1"):
        TrainSettings(chunk_head=0)
    with pytest.raises(ValueError, match="ToyModel does not; try chunk_head=None"):
        prepare.chunk_head(toy_model(), 8)
    assert dataclasses.asdict(TrainSettings())["chunk_head"] is None
