"""The best few of long rows, sought in strips, are those of PyTorch's topk."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.decode.beam import top


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(1, 4), length=st.integers(1, 6000), n=st.integers(1, 10), seed=st.integers(0, 1000))
def test_the_best_are_the_best(rows, length, n, seed):
    x = torch.rand(20 * rows, length, generator=torch.Generator().manual_seed(seed)).log()
    n = min(n, length)
    best, index = top(x, n)
    assert best.equal(x.topk(n).values)
    assert x.gather(1, index).equal(best)


@pytest.mark.parametrize("spread", ["one column", "the rest"])
def test_wherever_they_stand(spread):
    x = torch.zeros(8, 16 * 1000 + 7)
    places = torch.arange(5) * 1000 + 3 if spread == "one column" else torch.arange(5) + 16 * 1000
    x[:, places] = torch.tensor([3.0, 5.0, 1.0, 4.0, 2.0])
    best, index = top(x, 5)
    assert best.tolist() == [[5.0, 4.0, 3.0, 2.0, 1.0]] * 8
    assert index.tolist() == [[places[i].item() for i in (1, 3, 0, 4, 2)]] * 8


def test_what_cannot_be_is_not_preferred():
    x = torch.full((4, 8000), -torch.inf)
    x[:, [17, 4001]] = torch.tensor([-2.0, -1.0])
    best, index = top(x, 3)
    assert best[:, :2].tolist() == [[-1.0, -2.0]] * 4
    assert index[:, :2].tolist() == [[4001, 17]] * 4
    assert best[:, 2].tolist() == [-torch.inf] * 4
