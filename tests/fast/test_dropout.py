"""Dropout: the share that goes, the expectation that stays, and randomness that is really random."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from groundup.fast.dropout import QuickDropout, dropout

N = 200_003  # not a multiple of 8: the last draw serves only three


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.3, 0.5, 0.9, 0.99])
def test_a_share_goes_and_the_expectation_stays(p: float):
    out = dropout(torch.ones(N), p).double()
    assert float((out == 0).double().mean()) == pytest.approx(p, abs=0.004)
    deviation = (p / (1 - p) / N) ** 0.5
    assert float(out.mean()) == pytest.approx(1.0, abs=6 * deviation)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_scales_as_well_as_single(dtype: torch.dtype):
    """A factor 1 / (1 - p) rounded to bfloat16 would be wrong by 0.3% in the same direction everywhere."""
    x = 1 + torch.rand(N)
    kept = dropout(x.to(dtype), 0.1).double()
    ratio = kept[kept > 0].sum() / x.double()[kept > 0].sum()
    factor = dropout(torch.ones(N), 0.1).max()  # in float32
    assert float(ratio) == pytest.approx(float(factor), rel=0.0005)


@given(shape=st.lists(st.integers(0, 5), max_size=4), p=st.floats(0, 0.999))
@example(shape=[3], p=0.999)
def test_any_shape_and_any_share(shape: list[int], p: float):
    out = dropout(torch.ones(shape), p)
    assert out.shape == torch.Size(shape)
    assert out.isfinite().all()


def test_neighbours_are_dropped_independently():
    """Eight neighbours share one draw, a byte each: no two places within it may go together."""
    gone = (dropout(torch.ones(N - 3), 0.5) == 0).view(-1, 8).double()
    correlation = torch.corrcoef(gone.T) - torch.eye(8)
    assert correlation.abs().max() < 0.03
    assert (gone.mean(0) - 0.5).abs().max() < 0.02


def test_the_gradient_goes_where_the_numbers_went():
    x = torch.ones(1000, requires_grad=True)
    out = dropout(x, 0.3)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    torch.testing.assert_close(gradient, out.detach())


def test_a_seed_is_a_draw_and_the_next_draw_is_another():
    x = torch.ones(1000)
    torch.manual_seed(1)
    first, second = dropout(x, 0.5), dropout(x, 0.5)
    torch.manual_seed(1)
    assert torch.equal(dropout(x, 0.5), first)
    assert not torch.equal(first, second)


def test_nothing_is_dropped_in_eval_or_by_nothing():
    x = torch.randn(1000)
    assert torch.equal(QuickDropout(0.5).eval()(x), x)
    assert torch.equal(QuickDropout(0.0).train()(x), x)
    assert not torch.equal(QuickDropout(0.5).train()(x), x)
