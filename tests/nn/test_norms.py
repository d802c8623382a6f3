"""The norms: the plain equations, the modules that models use and PyTorch's own agree."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from groundup.nn.norms import RMSNorm, layer_norm_plainly, rms_norm_plainly

# Small x make eps matter, a mean far from 0 tells LayerNorm from RMSNorm.
SCALES = st.sampled_from([1e-3, 1.0, 30.0])


def stream(shape: list[int], width: int, *, scale: float) -> Tensor:
    return scale * (torch.randn(*shape, width, generator=torch.Generator().manual_seed(0)) + 0.5)


def randomise(ours: nn.Module, theirs: nn.Module) -> None:
    for parameter in ours.parameters():
        nn.init.normal_(parameter, mean=0.5, generator=torch.Generator().manual_seed(1))
    theirs.load_state_dict(ours.state_dict())


@given(shape=st.lists(st.integers(1, 4), max_size=3), width=st.integers(2, 33), scale=SCALES, bias=st.booleans())
def test_layer_norm(shape: list[int], width: int, scale: float, bias: bool):
    ours = nn.LayerNorm(width, 1e-5, bias=bias)
    randomise(ours, nn.LayerNorm(width, bias=bias))
    x = stream(shape, width, scale=scale)
    zero = torch.zeros(width)
    plain = layer_norm_plainly(x, ours.weight, zero if ours.bias is None else ours.bias, 1e-5)
    torch.testing.assert_close(ours(x), plain, atol=1e-5, rtol=1e-4)


@given(shape=st.lists(st.integers(1, 4), max_size=3), width=st.integers(1, 33), scale=SCALES)
def test_rms_norm(shape: list[int], width: int, scale: float):
    ours, theirs = RMSNorm(width, 1e-6), nn.RMSNorm(width, 1e-6)
    randomise(ours, theirs)
    x = stream(shape, width, scale=scale)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours(x), rms_norm_plainly(x, ours.weight, 1e-6), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("rows", [1, 100])
def test_rms_norm_without_gradients_is_the_same_for_few_numbers_and_for_many(rows: int):
    ours = RMSNorm(128, 1e-6)
    randomise(ours, nn.RMSNorm(128))
    x = stream([rows], 128, scale=3.0)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), rms_norm_plainly(x, ours.weight, 1e-6))
        wide = ours.bfloat16()(x.bfloat16())
    torch.testing.assert_close(wide.float(), rms_norm_plainly(x, ours.weight, 1e-6), atol=0.1, rtol=0.02)


@pytest.mark.parametrize("norm", [nn.LayerNorm, RMSNorm])
def test_eps_is_used(norm: type[nn.Module]):
    x = stream([3], 8, scale=1e-3)
    assert (norm(8, 1e-6)(x) - norm(8, 1e-2)(x)).abs().max() > 0.1


def test_a_fresh_norm_normalises():
    x = stream([64], 256, scale=3.0)
    out = nn.LayerNorm(256)(x)
    torch.testing.assert_close(out.mean(-1), torch.zeros(64), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.var(-1, correction=0), torch.ones(64), atol=1e-4, rtol=0)
    torch.testing.assert_close(RMSNorm(256)(x).pow(2).mean(-1), torch.ones(64), atol=1e-4, rtol=0)
