"""The growing cache against the obvious thing: torch.cat."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from groundup.nn.cache import KVCache

STEPS = st.lists(st.integers(1, 40) | st.none(), min_size=1, max_size=12)


@given(steps=STEPS, data=st.data())
def test_it_is_torch_cat(steps: list[int | None], data):
    """A number appends so many tokens; None draws new rows, more, fewer or repeated, as beam search does."""
    cache, B, G, D = KVCache(), 3, 2, 4
    keys = values = torch.zeros(B, G, 0, D)
    for step in steps:
        if step is None:
            rows = torch.tensor(data.draw(st.lists(st.integers(0, B - 1), min_size=1, max_size=5)))
            B = len(rows)
            cache.reorder(rows)
            keys, values = keys[rows], values[rows]
            continue
        k, v = torch.randn(2, B, G, step, D)
        keys, values = torch.cat([keys, k], dim=2), torch.cat([values, v], dim=2)
        if keys.shape[2] == step:  # nothing was there before: an empty cache takes any number of rows
            keys, values = k, v
        got = cache.append(k, v)
        assert torch.equal(got[0], keys)
        assert torch.equal(got[1], values)
        assert cache.length == keys.shape[2]


def test_a_token_costs_no_copy_of_the_prefix():
    """While there is room the buffer stays where it is: 1,000 tokens move it a few times, not 1,000 times."""
    cache, token = KVCache(), torch.ones(1, 1, 1, 2)
    places = {cache.append(token, token)[0].data_ptr() for _ in range(1000)}
    assert len(places) <= 20  # room for 33, 66, 99, ... and from 256 on by an eighth


def test_what_was_returned_stays_as_it_was():
    cache = KVCache()
    k = torch.randn(2, 1, 3, 4)
    first, _ = cache.append(k, k)
    cache.reorder(torch.tensor([1, 1]))
    later, _ = cache.append(k, k)
    assert torch.equal(first, k)
    assert torch.equal(later[:, :, :3], k[[1, 1]])


def test_it_keeps_dtype_and_the_value_width():
    cache = KVCache()
    k, v = torch.ones(1, 1, 1, 2, dtype=torch.bfloat16), torch.ones(1, 1, 1, 6, dtype=torch.bfloat16)
    for _ in range(40):
        keys, values = cache.append(k, v)
    assert (keys.dtype, keys.shape) == (torch.bfloat16, (1, 1, 40, 2))
    assert (values.dtype, values.shape) == (torch.bfloat16, (1, 1, 40, 6))
