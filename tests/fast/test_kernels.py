"""Which way attention takes in bfloat16 on a CPU, and that it gives the kernel's numbers."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from groundup.fast import kernels
from groundup.fast.attend import QuickAttend
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
def test_short_bfloat16_training_on_a_cpu_is_the_kernel(kind: str, monkeypatch: pytest.MonkeyPatch):
    """There the equation runs in place of the kernel: same numbers to the precision of bfloat16, both ways."""
    calls = []
    equation = kernels.attend_by_equation
    monkeypatch.setattr(kernels, "attend_by_equation", lambda *a, **k: calls.append(1) or equation(*a, **k))
    B, H, G, T, D = 2, 4, 2, 13, 16
    inputs = qkv(B, H, G, T, T, D, dtype=torch.bfloat16)
    mask = KINDS[kind](B, T)
    out = QuickAttend()(*inputs, mask)
    assert calls == [1], "the equation was not taken, so this test compares nothing"
    allowed = None if not mask else mask.dense(T, T, CPU)
    kernel = F.scaled_dot_product_attention(*inputs, allowed, enable_gqa=True)
    torch.testing.assert_close(out, kernel, atol=0.03, rtol=0.03)
    for a, b in zip(gradients(out, *inputs), gradients(kernel, *inputs), strict=True):
        assert (a - b).norm() < 0.02 * b.norm()


@pytest.mark.parametrize("S", [3, 20, 63, 64, 100])
def test_short_rows_of_bfloat16_are_weighed_as_torch_does(S: int):
    """Below 64 keys the softmax goes by float32: the same weights and gradients up to one rounding to bfloat16."""
    q, k, _ = qkv(2, 4, 4, 7, S, 16, dtype=torch.bfloat16)
    weights = kernels._softmax((q / 4) @ k.mT)
    assert weights.dtype == torch.bfloat16
    exact = ((q / 4) @ k.mT).double().softmax(dim=-1)
    torch.testing.assert_close(weights.double(), exact, rtol=2**-7, atol=1e-6)
    for ours, other in zip(gradients(weights, q, k), gradients(exact, q, k), strict=True):
        assert (ours - other).norm() < 0.02 * other.norm()


@pytest.mark.parametrize(("T", "grad"), [(13, False), (513, True)], ids=["without gradient", "long text"])
def test_elsewhere_bfloat16_takes_the_kernel(T: int, grad: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(kernels, "attend_by_equation")  # would raise NameError
    with torch.set_grad_enabled(grad):
        QuickAttend()(
            *qkv(1, 1, 1, T, T, 2, dtype=torch.bfloat16), Mask()
        )  # without the triangle that strips would take
