"""What decoding carries along can keep, repeat and drop rows: the model goes on as if it had been so from the start."""

import pytest
import torch
from torch import Tensor

from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

V, SOURCE_V = 61, 47
CLOSE = dict(atol=3e-5, rtol=1e-5)  # logits are about 1; a wrong position or key shows at 1e-2
ROWS = [[2, 0, 1], [1, 1, 1, 1], [0, 0, 1, 1, 2, 2], [2]]


def ids(rows: int, length: int, vocab_size: int = V) -> Tensor:
    return torch.randint(vocab_size, (rows, length), generator=torch.Generator().manual_seed(rows * length))


@pytest.mark.parametrize("rows", ROWS, ids=str)
@pytest.mark.parametrize("padded", [False, True])
@torch.no_grad()
def test_rows_of_a_language_model(causal: CausalLM, rows: list[int], padded: bool):
    prompt_mask = torch.arange(5) >= torch.tensor([[0], [2], [4]]) if padded else None
    mask = torch.cat([prompt_mask, prompt_mask.new_ones(3, 2)], dim=1)[rows] if padded else None
    before, after = ids(3, 5), ids(len(rows), 2)
    state = causal.begin(3, prompt_mask=prompt_mask)
    causal.step(before, state)
    state.select(torch.tensor(rows))
    assert state.length == 5
    expected = causal(torch.cat([before[rows], after], dim=1), mask)
    for t in range(2):
        torch.testing.assert_close(causal.step(after[:, t : t + 1], state), expected[:, 5 + t], **CLOSE)


@pytest.mark.parametrize("rows", ROWS, ids=str)
@pytest.mark.parametrize("padded", [False, True])
@torch.no_grad()
def test_rows_of_a_translator_take_their_source_along(seq2seq: Seq2Seq, rows: list[int], padded: bool):
    source = ids(3, 6, SOURCE_V)
    source_mask = torch.arange(6) < torch.tensor([[6], [2], [4]]) if padded else None
    before, after = ids(3, 4), ids(len(rows), 1)
    state = seq2seq.begin(source, source_mask)
    seq2seq.step(before, state)
    state.select(torch.tensor(rows))
    full = seq2seq(source[rows], torch.cat([before[rows], after], dim=1), source_mask[rows] if padded else None)
    torch.testing.assert_close(seq2seq.step(after, state), full[:, -1], **CLOSE)


@torch.no_grad()
def test_reorder_leaves_the_source_where_it_is(seq2seq: Seq2Seq):
    """Beam search: two hypotheses for each of two sources, which change places within their source."""
    source = ids(2, 6, SOURCE_V)
    source_mask = torch.arange(6) < torch.tensor([[6], [3]])
    state = seq2seq.begin(source, source_mask)
    state.select(torch.tensor([0, 0, 1, 1]))
    before, after, rows = ids(4, 3), ids(4, 1), [1, 1, 3, 2]
    seq2seq.step(before, state)
    memory = state.memory
    state.reorder(torch.tensor(rows))
    assert state.memory is memory, "the cross keys and values are the same for every row of a source"
    full = seq2seq(source[[0, 0, 1, 1]], torch.cat([before[rows], after], dim=1), source_mask[[0, 0, 1, 1]])
    torch.testing.assert_close(seq2seq.step(after, state), full[:, -1], **CLOSE)


@torch.no_grad()
def test_reorder_moves_a_prompts_padding(causal: CausalLM):
    prompt_mask = torch.tensor([[False, False, True], [True, True, True]])
    before, after = ids(2, 3), ids(2, 1)
    state = causal.begin(2, prompt_mask=prompt_mask)
    causal.step(before, state)
    state.reorder(torch.tensor([1, 0]))
    mask = torch.cat([prompt_mask.flip(0), prompt_mask.new_ones(2, 1)], dim=1)
    full = causal(torch.cat([before.flip(0), after], dim=1), mask)
    torch.testing.assert_close(causal.step(after, state), full[:, -1], **CLOSE)


@torch.no_grad()
def test_rows_may_be_chosen_before_the_first_step(seq2seq: Seq2Seq):
    source, target = ids(2, 6, SOURCE_V), ids(4, 1)
    state = seq2seq.begin(source)
    assert state.length == 0
    state.select(torch.tensor([0, 0, 1, 1]))
    expected = seq2seq(source.repeat_interleave(2, 0), target)[:, -1]
    torch.testing.assert_close(seq2seq.step(target, state), expected, **CLOSE)
