"""What is computed our own way on a CPU: the same numbers and gradients as the plain equation it stands for."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from groundup.nn import mlp, norms
from groundup.nn.attend import attend, attend_plainly, attend_with_one_query
from groundup.nn.masks import Mask, build_mask
from groundup.nn.mlp import gelu_tanh
from groundup.nn.strips import attend_in_strips


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
        same_with_gradients(attend(q, k, v, mask), attend_plainly(q, k, v, mask), given)


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
    monkeypatch.setattr(mlp, "PIECE", 16)
    (x,) = given = inputs(shape)
    same_with_gradients(gelu_tanh(x), F.gelu(x, approximate="tanh"), given)
    far = torch.tensor([-200.0, -20, 0, 20, 200], requires_grad=True)
    same_with_gradients(gelu_tanh(far), F.gelu(far, approximate="tanh"), [far])


def test_gelu_in_bfloat16_is_rounded_once():
    (x,) = inputs((1000,), dtype=torch.bfloat16)
    torch.testing.assert_close(gelu_tanh(x), F.gelu(x.float(), approximate="tanh").bfloat16(), atol=1e-6, rtol=2**-7)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rms_norm_without_gradients(dtype: torch.dtype):
    norm, (x,) = norms.RMSNorm(10).to(dtype), inputs((3, 4, 10), dtype=dtype)
    torch.nn.init.normal_(norm.weight)
    with torch.no_grad():
        plain = norms.rms_norm_plainly(x.double(), norm.weight.double(), 1e-5)
        torch.testing.assert_close(norm(x), plain.to(dtype))


def test_rms_norm():
    x, weight = given = inputs((3, 4, 10), (10,))
    same_with_gradients(norms._RMSNorm.apply(x, weight, 1e-5), norms.rms_norm_plainly(x, weight, 1e-5), given)
