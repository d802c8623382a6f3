"""The product in blocks is PyTorch's, and is taken where it is quicker."""

import pytest
import torch
from torch.nn import functional as F

from groundup.nn import linear
from groundup.nn.linear import Linear, linear_in_blocks


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 24), (16, 1, 24), (3, 24), (24,)])
def test_blocks_equal_the_product(shape: tuple[int, ...], bias: bool):
    layer = torch.nn.Linear(24, 128, bias=bias, dtype=torch.float64)
    x = torch.randn(shape, dtype=torch.float64)
    assert torch.allclose(linear_in_blocks(x, layer.weight, layer.bias), F.linear(x, layer.weight, layer.bias))


def test_a_decoding_step_takes_the_blocks_and_training_does_not(monkeypatch: pytest.MonkeyPatch):
    taken: list[int] = []
    monkeypatch.setattr(linear, "linear_in_blocks", lambda x, *rest: taken.append(len(x)) or F.linear(x, *rest))
    layer = Linear(24, 128)
    few, many = torch.randn(linear.FEW, 24), torch.randn(linear.FEW + 1, 24)
    layer(few)
    with torch.no_grad():
        layer(many)
        layer(few[:0])
        Linear(24, 100)(few)
        with torch.autocast("cpu", torch.bfloat16):
            layer(few)
        assert taken == []
        layer(few)
    assert taken == [linear.FEW]
