"""Cross-entropy against PyTorch's own, in every format, with padding and smoothing."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from groundup.batch import IGNORE
from groundup.training import loss as loss_module
from groundup.training.loss import cross_entropy, cross_entropy_plainly


def example(B=3, T=5, V=17, *, seed=0, ignored=0.3, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    logits = (3 * torch.randn(B, T, V, generator=generator)).to(dtype)
    targets = torch.randint(V, (B, T), generator=generator)
    targets[torch.rand(B, T, generator=generator) < ignored] = IGNORE
    return logits.requires_grad_(), targets


def torchs_own(logits, targets, smoothing):
    flat = logits.reshape(-1, logits.shape[-1])
    return F.cross_entropy(flat, targets.reshape(-1), ignore_index=IGNORE, reduction="sum", label_smoothing=smoothing)


@settings(deadline=None, max_examples=60)
@given(
    B=st.integers(1, 4),
    T=st.integers(1, 6),
    V=st.integers(2, 40),
    smoothing=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    ignored=st.sampled_from([0.0, 0.3, 1.0]),
    piece=st.sampled_from([1, 50, 2**19]),
    seed=st.integers(0, 10_000),
)
def test_loss_and_gradient_are_torchs(B, T, V, smoothing, ignored, piece, seed):
    logits, targets = example(B, T, V, seed=seed, ignored=ignored)
    twin = logits.detach().clone().requires_grad_()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loss_module, "PIECE", piece)
        total, count = cross_entropy(logits, targets, smoothing=smoothing)
    expected = torchs_own(twin, targets, smoothing)
    (total / 7).backward()
    (expected / 7).backward()
    assert count == (targets != IGNORE).sum()
    torch.testing.assert_close(total, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(logits.grad, twin.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_plain_twin_is_torchs(smoothing):
    logits, targets = example()
    total, count = cross_entropy_plainly(logits, targets, smoothing=smoothing)
    torch.testing.assert_close(total, torchs_own(logits, targets, smoothing))
    assert count == (targets != IGNORE).sum()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_bfloat16_logits_are_summed_in_float32(smoothing):
    logits, targets = example(4, 100, 1000, dtype=torch.bfloat16)
    exact = logits.detach().double().requires_grad_()
    total, _ = cross_entropy(logits, targets, smoothing=smoothing)
    expected = torchs_own(exact, targets, smoothing)
    total.backward()
    expected.backward()
    assert total.dtype == torch.float32
    assert logits.grad is not None
    assert total.item() == pytest.approx(expected.item(), rel=1e-6)  # rounding to bfloat16 would cost 4e-3
    torch.testing.assert_close(logits.grad.double(), exact.grad, rtol=2**-8, atol=1e-9)


def test_logits_far_apart_are_summed_exactly():
    """A target whose probability is 0 in float32 still has a finite loss, and logits may stand anywhere."""
    logits = torch.tensor([[[0.0, 500.0, -500.0], [1e4, 1e4 + 1, 1e4], [-3e4, -torch.inf, -3e4]]], requires_grad=True)
    targets = torch.tensor([[2, 0, 2]])
    total, _ = cross_entropy(logits, targets)
    expected = torchs_own(logits, targets, 0.0)
    assert total.item() == pytest.approx(expected.item(), rel=1e-6)
    assert 1000 < total.item() < 1003
    (ours,), (torchs,) = torch.autograd.grad(total, logits), torch.autograd.grad(expected, logits)
    torch.testing.assert_close(ours, torchs)


def test_the_gradient_is_not_made_twice_without_notice():
    logits, targets = example()
    total, _ = cross_entropy(logits, targets)
    total.backward(retain_graph=True)
    with pytest.raises(RuntimeError):  # its memory was reused: better an error than a wrong gradient
        total.backward()


def test_without_gradients_nothing_is_kept():
    logits, targets = example()
    with torch.inference_mode():
        total, _ = cross_entropy(logits, targets)
    assert not total.requires_grad
    assert total.item() == pytest.approx(torchs_own(logits, targets, 0.0).item(), rel=1e-5)
