"""Token streams: windows that cover the text, arithmetic that resumes, evaluation that predicts each token once."""

from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.batch import IGNORE
from groundup.data.stream import TokenStream, Windows


def text(count, dtype=np.uint16):
    return np.arange(count, dtype=dtype)  # token n is its own position


@settings(deadline=None)
@given(st.integers(2, 300), st.integers(1, 40), st.integers(1, 7), st.integers(0, 2**40))
def test_windows_are_consecutive_tokens_and_never_overlap_within_an_epoch(count, length, batch, seed):
    if count <= length:
        with pytest.raises(ValueError, match=f"has {count} tokens and a window needs {length + 1}"):
            TokenStream(text(count), length=length, batch=batch, seed=seed)
        return
    stream = TokenStream(text(count), length=length, batch=batch, seed=seed)
    rows = []
    for b in islice(stream.batches(), 2 * len(stream)):
        (ids,) = b.inputs
        assert ids.shape == b.targets.shape == (batch, length)
        assert ids.dtype == b.targets.dtype == torch.int64
        assert torch.equal(b.targets, ids + 1)
        assert torch.equal(ids, ids[:, :1] + torch.arange(length))
        rows += ids[:, 0].tolist()
    epoch = sorted(rows[: stream._windows])
    assert all(b - a == length for a, b in pairwise(epoch))
    assert epoch[-1] + length < count
    assert len(epoch) * length > count - 1 - 2 * length  # at most two windows' worth is left out


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(1, 9))
def test_batch_n_is_the_same_however_it_is_reached(start, batch):
    streams = [TokenStream(text(200), length=8, batch=batch, seed=3) for _ in range(2)]
    through, directly = next(islice(streams[0].batches(), start, None)), next(streams[1].batches(start))
    assert torch.equal(through.inputs[0], directly.inputs[0])
    assert torch.equal(through.targets, directly.targets)


def test_the_grid_moves_so_that_every_token_is_learnt_in_time():
    stream = TokenStream(text(100), length=10, batch=3, seed=0)
    batches = list(islice(stream.batches(), 40 * len(stream)))
    starts = {int(row) % 10 for b in batches for row in b.inputs[0][:, 0]}
    assert starts == set(range(10))
    assert {int(t) for b in batches for t in b.targets.flatten()} == set(range(1, 100))


def test_seeds_differ():
    one, other = (next(TokenStream(text(1000), length=8, batch=8, seed=s).batches()) for s in (0, 1))
    assert not torch.equal(one.inputs[0], other.inputs[0])


@settings(deadline=None)
@given(st.integers(2, 300), st.integers(1, 40), st.integers(1, 7))
def test_evaluation_predicts_every_token_but_the_first_exactly_once(count, length, batch):
    targets = []
    for b in Windows(text(count), length=length, batch=batch):
        (ids,) = b.inputs
        assert ids.shape == b.targets.shape
        assert b.targets.shape[0] <= batch
        assert b.targets.shape[1] <= length
        real = b.targets != IGNORE
        assert torch.equal(b.targets[real], ids[real] + 1)
        assert real[:, 0].all()
        targets += b.targets[real].tolist()
    assert targets == list(range(1, count))


def test_a_memory_map_and_a_tensor_will_do(tmp_path):
    path = tmp_path / "tokens.bin"
    text(100).tofile(path)
    mapped = TokenStream(np.memmap(path, np.uint16), length=8, batch=2, seed=0)
    tensor = TokenStream(torch.arange(100, dtype=torch.int32), length=8, batch=2, seed=0)
    assert torch.equal(next(mapped.batches()).targets, next(tensor.batches()).targets)
    assert sum(int((b.targets != IGNORE).sum()) for b in mapped.fixed()) == 99


@pytest.mark.parametrize("tokens", [np.zeros((2, 9), np.int32), np.zeros(20, np.float32)])
def test_anything_but_a_row_of_whole_numbers_is_refused(tokens):
    with pytest.raises(ValueError, match="one row of whole numbers"):
        TokenStream(tokens, length=4, batch=1, seed=0)


def test_one_token_cannot_be_judged():
    with pytest.raises(ValueError, match="has 1 tokens"):
        list(Windows(text(1), length=4, batch=1))
