"""What is computed our own way on a CPU: the same numbers and gradients as the plain equation it stands for."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from groundup.fast import gelu, kernels, norms
from groundup.fast.attend import QuickAttend
from groundup.fast.gelu import gelu_tanh
from groundup.fast.kernels import attend_with_one_query
from groundup.fast.strips import attend_in_strips
from groundup.nn.attend import attend_plainly
from groundup.nn.masks import Mask, build_mask
from groundup.nn.norms import rms_norm_plainly


def inputs(*shapes: tuple[int, ...], dtype: torch.dtype = torch.float64) -> list[Tensor]:
    random = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=random, dtype=torch.float64).to(dtype).requires_grad_() for shape in shapes]


def same_with_gradients(ours: Tensor, plain: Tensor, given: list[Tensor]) -> None:
    upstream = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1)).to(ours.dtype)
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(torch.autograd.grad(ours, given, upstream), torch.autograd.grad(plain, given, upstream))


@pytest.mark.parametrize("T", [1, 64, 65, 150])
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_strips(T: int, groups: int):
    q, k, v = given = inputs((2, 6, T, 8), (2, groups, T, 8), (2, groups, T, 8))
    same_with_gradients(attend_in_strips(q, k, v), attend_plainly(q, k, v, Mask(causal=True)), given)


def test_strips_of_heads_cut_out_of_one_tensor():
    """As a projection gives them: (B, T, H, D) in memory."""
    given = inputs(*[(2, 100, 3, 8)] * 3)
    q, k, v = (x.transpose(1, 2) for x in given)
    same_with_gradients(attend_in_strips(q, k, v), attend_plainly(q, k, v, Mask(causal=True)), given)


@pytest.mark.parametrize("T", [127, 128, 200])
def test_attend_is_the_equation_whichever_way_it_takes(T: int):
    q, k, v = given = inputs((1, 2, T, 8), (1, 2, T, 8), (1, 2, T, 8))
    for window in (None, 5):
        mask = build_mask(T, causal=True, window=window)
        same_with_gradients(QuickAttend()(q, k, v, mask), attend_plainly(q, k, v, mask), given)


@pytest.mark.parametrize("groups", [1, 3, 6])
@pytest.mark.parametrize("padded", [False, True])
def test_one_query(groups: int, padded: bool):
    q, k, v = inputs((2, 6, 1, 8), (2, groups, 9, 8), (2, groups, 9, 8))
    seen = torch.ones(2, 9, dtype=torch.bool)
    seen[0, :4] = False
    seen[1] = not padded  # a row that sees nothing
    mask = build_mask(1, 8, causal=True, key_mask=seen if padded else None)
    torch.testing.assert_close(attend_with_one_query(q, k, v, mask), attend_plainly(q, k, v, mask))


@pytest.mark.parametrize("groups", [1, 6])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("rows", [1, 3])
def test_one_query_reads_a_cache_with_room(rows: int, groups: int, padded: bool):
    """Keys and values that are the beginning of a larger buffer, whatever finite numbers its rest holds."""
    (q,) = inputs((rows, 6, 1, 8))
    k, v = (x[:, :, :9] for x in inputs((rows, groups, 14, 8), (rows, groups, 14, 8)))
    seen = torch.arange(9) >= torch.arange(rows)[:, None]
    mask = build_mask(1, 8, causal=True, key_mask=seen if padded else None)
    torch.testing.assert_close(attend_with_one_query(q, k, v, mask), attend_plainly(q, k, v, mask))


def test_one_query_of_a_cut_that_is_no_cache():
    """A buffer that ends with the cut, or another axis in between: nothing beyond is read."""
    (q,), (k,) = inputs((2, 3, 1, 8)), inputs((2, 9, 3, 8))
    turned = k.transpose(1, 2)
    short = torch.randn(2 * 3 * 14 * 8 - 8, dtype=torch.float64).as_strided((2, 3, 9, 8), (3 * 14 * 8, 14 * 8, 8, 1))
    for x in (turned, short, turned[:1].expand(2, -1, -1, -1)):
        torch.testing.assert_close(attend_with_one_query(q, x, x, Mask()), attend_plainly(q, x, x, Mask()))


@pytest.mark.parametrize("shape", [(3,), (7, 30), (2, 0)])
def test_gelu(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]):
    monkeypatch.setattr(gelu, "PIECE", 16)
    (x,) = given = inputs(shape)
    same_with_gradients(gelu_tanh(x), F.gelu(x, approximate="tanh"), given)
    far = torch.tensor([-200.0, -20, 0, 20, 200], requires_grad=True)
    same_with_gradients(gelu_tanh(far), F.gelu(far, approximate="tanh"), [far])


def test_gelu_in_bfloat16_is_rounded_once():
    (x,) = inputs((1000,), dtype=torch.bfloat16)
    torch.testing.assert_close(gelu_tanh(x), F.gelu(x.float(), approximate="tanh").bfloat16(), atol=1e-6, rtol=2**-7)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [4, 1000], ids=["few", "many"])
def test_rms_norm_without_gradients(rows: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch):
    """Few numbers go by PyTorch's one call, many by ours: seen by who is asked for the scale."""
    norm, (x,) = norms.QuickRMSNorm(10).to(dtype), inputs((3, rows, 10), dtype=dtype)
    torch.nn.init.normal_(norm.weight)
    calls, scale = [], norms._scale
    monkeypatch.setattr(norms, "_scale", lambda *given: calls.append(1) or scale(*given))
    with torch.no_grad():
        plain = rms_norm_plainly(x.double(), norm.weight.double(), 1e-5)
        torch.testing.assert_close(norm(x), plain.to(dtype))
    assert bool(calls) == (x.numel() > norms.FEW) == (rows == 1000)


def test_rms_norm():
    x, weight = given = inputs((3, 4, 10), (10,))
    same_with_gradients(norms._RMSNorm.apply(x, weight, 1e-5), rms_norm_plainly(x, weight, 1e-5), given)


def test_training_takes_our_rms_norm_in_float32_alone(monkeypatch: pytest.MonkeyPatch):
    calls = []
    monkeypatch.setattr(norms._RMSNorm, "apply", lambda x, weight, eps: calls.append(x.dtype) or x)
    for dtype in (torch.float32, torch.bfloat16, torch.float64):
        norms.QuickRMSNorm(10).to(dtype)(torch.ones(2, 10, dtype=dtype))
    assert calls == [torch.float32]


def test_attend_takes_the_strips_for_the_triangle_of_long_texts(monkeypatch: pytest.MonkeyPatch):
    taken = []
    monkeypatch.setattr(kernels, "attend_in_strips", lambda q, k, v: taken.append(q.shape[2]) or q)
    for T, causal in ((127, True), (128, True), (1024, True), (1025, True), (200, False)):
        QuickAttend()(*inputs(*[(1, 1, T, 2)] * 3), Mask(causal=causal))
    with torch.no_grad():
        QuickAttend()(*inputs(*[(1, 1, 200, 2)] * 3), Mask(causal=True))
    assert taken == [128, 1024]
