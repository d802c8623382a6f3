"""The product in blocks is PyTorch's, and is taken where it is quicker."""

import pytest
import torch
from torch.nn import functional as F

from groundup.fast import linear
from groundup.fast.linear import QuickLinear, linear_in_blocks
from groundup.fast.quicken import quicken
from groundup.nn.attention import Attention
from groundup.nn.block import Block
from groundup.nn.mlp import GatedMLP

BF16 = pytest.param(
    torch.bfloat16,
    1,
    marks=pytest.mark.skipif(
        not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="oneDNN multiplies no bfloat16 on this processor"
    ),
)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 24), (16, 1, 24), (3, 24), (24,)])
def test_blocks_equal_the_product(shape: tuple[int, ...], bias: bool):
    layer = torch.nn.Linear(24, 128, bias=bias, dtype=torch.float64)
    x = torch.randn(shape, dtype=torch.float64)
    assert torch.allclose(linear_in_blocks(x, layer.weight, layer.bias), F.linear(x, layer.weight, layer.bias))


def test_a_decoding_step_takes_the_blocks_and_training_does_not(monkeypatch: pytest.MonkeyPatch):
    taken: list[int] = []
    monkeypatch.setattr(linear, "linear_in_blocks", lambda x, *rest: taken.append(len(x)) or F.linear(x, *rest))
    layer = QuickLinear(24, 128)
    few, many = torch.randn(linear.FEW, 24), torch.randn(linear.FEW + 1, 24)
    layer(few)
    with torch.no_grad():
        layer(many)
        layer(few[:0])
        QuickLinear(24, 100)(few)
        with torch.autocast("cpu", torch.bfloat16):
            layer(few)
        assert taken == []
        layer(few)
    assert taken == [linear.FEW]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("dtype", "rows"), [(torch.float32, 2), (torch.float32, 32), BF16])
def test_packed_weights_give_the_product(dtype: torch.dtype, rows: int, bias: bool):
    model = torch.nn.Sequential(QuickLinear(24, 100, bias=bias), torch.nn.ReLU(), QuickLinear(100, 30, bias=bias)).to(
        dtype
    )
    x = torch.randn(rows, 1, 24, dtype=dtype)
    with torch.no_grad():
        plain = model(x)
        with linear.packed(model, rows=rows):
            assert [layer.packed is not None for layer in model if isinstance(layer, QuickLinear)] == [True, True]
            torch.testing.assert_close(model(x), plain)
            for fewer in range(1, rows):
                torch.testing.assert_close(model(x[:fewer]), plain[:fewer])
    assert [layer.packed for layer in model if isinstance(layer, QuickLinear)] == [None, None]


def test_a_packed_layer_is_the_layer_whatever_happens_to_it_meanwhile():
    """Weights that change, gradients, autocast and other numbers of rows: by the weights as they are."""
    layer, x = QuickLinear(24, 64), torch.randn(4, 24)
    with linear.packed(layer, rows=4):
        torch.testing.assert_close(torch.autograd.grad(layer(x).sum(), layer.bias)[0], torch.full((64,), 4.0))
        with torch.no_grad():
            assert layer(x[:3]).shape == (3, 64)
            with torch.autocast("cpu", torch.bfloat16):
                assert layer(x).dtype == torch.bfloat16
            layer.weight.mul_(2)
            torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias))


def test_layers_packed_twice_and_models_that_are_no_modules():
    layer = QuickLinear(24, 64)
    with linear.packed(object(), rows=4), linear.packed(layer, rows=4):
        with linear.packed(layer, rows=4):
            pass
        with torch.no_grad():
            layer(torch.randn(4, 24))  # what the inner one took away is not missed


def gated(width: int, hidden: int, *, bias: bool) -> Block:
    """A block whose feed-forward layer has siblings of `hidden`, and its attention of `width`."""
    attention = Attention(width, 2, kv_heads=1, bias=bias)
    return quicken(Block(attention, GatedMLP(width, hidden, bias=bias), norm=torch.nn.Identity)).eval()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("dtype", "rows"), [(torch.float32, 1), (torch.float32, 32), BF16])
def test_siblings_are_one_product_as_long_as_it_is_theirs(dtype: torch.dtype, rows: int, bias: bool):
    block = gated(128, 192, bias=bias).to(dtype)
    x = torch.randn(rows, 1, 128, dtype=dtype)

    def plainly() -> list[torch.Tensor]:
        read = [getattr(block.attention, name) for name in ("query", "key", "value")]
        made = [F.linear(x, layer.weight, layer.bias) for layer in [*read, block.mlp.gate, block.mlp.into]]
        return [block.attention.split(y) for y in made[:3]] + made[3:]

    def ours(x: torch.Tensor) -> list[torch.Tensor]:
        return [*block.attention.project(x), *block.mlp.project(x)]

    with linear.packed(block, rows=rows):
        assert block.attention.query.joined is not None
        assert block.mlp.gate.joined is not None
        with torch.no_grad():
            torch.testing.assert_close(ours(x), plainly())
            assert block.mlp.project(x[:0])[0].shape == (0, 1, 192)
            with torch.autocast("cpu", torch.bfloat16):
                assert {y.dtype for y in ours(x)} == {torch.bfloat16}
            block.attention.key.weight.mul_(2)
            block.mlp.into.weight.mul_(2)
            torch.testing.assert_close(ours(x), plainly())
        assert all(y.requires_grad for y in ours(x))
    assert block.attention.query.joined is None


def test_packing_within_inference_mode():
    with torch.inference_mode():
        block, x = gated(64, 64, bias=True), torch.randn(4, 64)
        expected = block.mlp(x)
        with linear.packed(block, rows=4):
            assert block.mlp.gate.joined is not None
            torch.testing.assert_close(block.mlp(x), expected)
