"""Attention: the equation against Python loops, the kernel against the equation, and the traps of both."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

import groundup.nn
from groundup.nn.attend import Attend, attend_plainly, attention_weights
from groundup.nn.masks import Mask, build_mask

CPU = torch.device("cpu")


def qkv(B: int, H: int, G: int, T: int, S: int, D: int, *, seed: int = 0, dtype: torch.dtype = torch.float32):
    random = torch.Generator().manual_seed(seed)
    shapes = (B, H, T, D), (B, G, S, D), (B, G, S, D)
    return [torch.randn(shape, generator=random).to(dtype).requires_grad_() for shape in shapes]


def gradients(out: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Of a sum that weighs every output number differently."""
    weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(99)).to(out.dtype)
    return torch.autograd.grad((out * weights).sum(), inputs)


def loops(q: Tensor, k: Tensor, v: Tensor, seen: Tensor) -> Tensor:
    """One query, one key, one number at a time, in Python floats."""
    B, H, T, D = q.shape
    group = H // k.shape[1]
    out = torch.zeros(B, H, T, D)
    for b in range(B):
        for h in range(H):
            for t in range(T):
                keys = [s for s in range(k.shape[2]) if seen[b, h, t, s]]
                dots = [sum(x * y for x, y in zip(q[b, h, t], k[b, h // group, s], strict=True)) for s in keys]
                powers = [math.exp(float(dot) / math.sqrt(D)) for dot in dots]
                for s, power in zip(keys, powers, strict=True):
                    out[b, h, t] += power / sum(powers) * v[b, h // group, s]
    return out


KINDS = {
    "everything": lambda B, T: build_mask(T, causal=False),
    "causal": lambda B, T: build_mask(T, causal=True),
    "causal window": lambda B, T: build_mask(T, causal=True, window=3),
    "window both ways": lambda B, T: build_mask(T, causal=False, window=2),
    "padding on the right": lambda B, T: build_mask(T, causal=True, key_mask=padding(B, T, left=False)),
    "padding on the left": lambda B, T: build_mask(T, causal=True, key_mask=padding(B, T, left=True)),
    "padded encoder": lambda B, T: build_mask(T, causal=False, key_mask=padding(B, T, left=False)),
}


def padding(B: int, T: int, *, left: bool) -> Tensor:
    """Row b has b padded places (one real token at least)."""
    real = torch.arange(T) < T - torch.arange(B)[:, None].clamp(max=T - 1)
    return real.flip(1) if left else real


@pytest.mark.parametrize("kind", KINDS)
def test_the_equation_is_the_loops(kind: str):
    B, H, G, T, D = 3, 4, 2, 5, 6
    q, k, v = (x.detach() for x in qkv(B, H, G, T, T, D))
    mask = KINDS[kind](B, T)
    seen = mask.dense(T, T, CPU).expand(B, H, T, T)
    torch.testing.assert_close(attend_plainly(q, k, v, mask), loops(q, k, v, seen), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(
    B=st.integers(1, 3),
    G=st.integers(1, 3),
    group=st.integers(1, 3),
    T=st.integers(1, 17),
    D=st.sampled_from([1, 2, 8, 16]),
    seed=st.integers(0, 2**31),
)
def test_the_kernel_is_the_equation(kind: str, B: int, G: int, group: int, T: int, D: int, seed: int):
    """Forward and backward, in float32, for every kind of mask and any number of query heads to a key head."""
    inputs = qkv(B, G * group, G, T, T, D, seed=seed)
    mask = KINDS[kind](B, T)
    fast, plain = Attend()(*inputs, mask), attend_plainly(*inputs, mask)
    torch.testing.assert_close(fast, plain, atol=1e-5, rtol=1e-4)
    for a, b in zip(gradients(fast, *inputs), gradients(plain, *inputs), strict=True):
        torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-4)


def test_cross_attention_has_its_own_number_of_keys():
    inputs = qkv(2, 4, 2, 3, 11, 8)
    mask = Mask(allowed=padding(2, 11, left=False)[:, None, None, :])
    torch.testing.assert_close(Attend()(*inputs, mask), attend_plainly(*inputs, mask), atol=1e-6, rtol=1e-5)
    weights = attention_weights(inputs[0], inputs[1], mask)
    assert weights.shape == (2, 4, 3, 11)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_query_that_sees_nothing_gets_zeros(dtype: torch.dtype):
    """Padding in front of a prompt looks at nothing at all: zeros forward, finite gradients, never NaN."""
    B, H, T = 3, 2, 5
    q, k, v = qkv(B, H, H, T, T, 4, dtype=dtype)
    mask = build_mask(T, causal=True, key_mask=padding(B, T, left=True))
    blind = ~mask.dense(T, T, CPU).any(-1).expand(B, H, T)
    assert blind.sum() == H * (1 + 2)
    weights = attention_weights(q, k, mask)
    assert (weights[blind] == 0).all()
    torch.testing.assert_close(weights[~blind].float().sum(-1), torch.ones((~blind).sum()), atol=1e-2, rtol=0)
    for out in (Attend()(q, k, v, mask), attend_plainly(q, k, v, mask)):
        assert (out[blind] == 0).all()
        for gradient in gradients(out, q, k, v):
            assert gradient.isfinite().all()


def test_the_kernels_triangle_is_aligned_to_the_top_left():
    """The trap that `build_mask` avoids: with more keys than queries, is_causal hides the newest keys, not the later.

    Should PyTorch ever align it to the bottom right, this test fails and `build_mask` may drop a tensor.
    """
    q, k, v = qkv(1, 2, 2, 2, 5, 4)
    trap = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    right = Attend()(q, k, v, build_mask(2, 3, causal=True))
    top_left = attend_plainly(q, k[:, :, :2], v[:, :, :2], Mask(causal=True))
    torch.testing.assert_close(trap, top_left, atol=1e-6, rtol=1e-5)
    assert (trap - right).abs().max() > 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_only_while_training(dtype: torch.dtype):
    """4,000 rows of the same text: every row draws its own dropout, and their mean is the text without."""
    rows = [x.expand(4000, -1, -1, -1) for x in qkv(1, 1, 1, 4, 4, 2, dtype=dtype)]
    module, mask = Attend(dropout=0.5), Mask(causal=True)
    plain = attend_plainly(*rows, mask)
    close = dict(atol=1e-6, rtol=1e-5) if dtype == torch.float32 else dict(atol=0.02, rtol=0)
    torch.testing.assert_close(module.eval()(*rows, mask), plain, **close)
    dropped = module.train()(*rows, mask).float()
    assert (dropped[0] != dropped[1]).any()
    torch.testing.assert_close(dropped.mean(0), plain[0].float(), atol=0.1, rtol=0)


def test_the_kernel_is_called_in_two_places():
    """Once where the equation is read and once where it is quick: what a mask means is decided nowhere else."""
    package = Path(groundup.nn.__file__).parent.parent
    calls = [
        f"{path.relative_to(package)}:{number}"
        for path in sorted(package.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "scaled_dot_product_attention(" in line and path.parent.name != "bench"  # which measures the kernel itself
    ]
    assert [call.split(":")[0] for call in calls] == ["fast/kernels.py", "nn/attend.py"]
