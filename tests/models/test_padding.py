"""A text gives the same logits alone and in a padded batch, and what stands in the padding is never seen."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

V, SOURCE_V = 61, 47
LENGTHS = [7, 1, 4]
CLOSE = dict(atol=3e-5, rtol=1e-5)  # logits are about 1; a wrong position or key shows at 1e-2


def texts(lengths: list[int], vocab_size: int = V) -> list[Tensor]:
    random = torch.Generator().manual_seed(sum(lengths))
    return [torch.randint(vocab_size, (length,), generator=random) for length in lengths]


def pad(rows: list[Tensor], *, left: bool, pad_id: int | None = 0) -> tuple[Tensor, Tensor]:
    """ids (B, T) and the mask (B, T), True at real tokens; pad_id None fills with random ids."""
    T = max(len(row) for row in rows)
    ids = torch.randint(SOURCE_V, (len(rows), T)) if pad_id is None else torch.full((len(rows), T), pad_id)
    mask = torch.zeros(len(rows), T, dtype=torch.bool)
    for i, row in enumerate(rows):
        real = slice(T - len(row), T) if left else slice(len(row))
        ids[i, real], mask[i, real] = row, True
    return ids, mask


@pytest.mark.parametrize("left", [False, True])
@torch.no_grad()
def test_a_padded_batch_is_its_rows_alone(causal: CausalLM, left: bool):
    rows = texts(LENGTHS)
    ids, mask = pad(rows, left=left)
    logits = causal(ids, mask)
    assert logits.isfinite().all()
    for i, row in enumerate(rows):
        torch.testing.assert_close(logits[i][mask[i]], causal(row[None])[0], **CLOSE)


@settings(max_examples=15, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=4),
    pieces=st.lists(st.integers(1, 5), min_size=1, max_size=6),
)
@torch.no_grad()
def test_left_padded_prompts_in_pieces_are_their_rows_alone(causal: CausalLM, lengths: list[int], pieces: list[int]):
    """Prompts of several lengths, prefilled in any pieces (also inside the padding) and continued by 9 tokens."""
    rows = texts(lengths)
    prompts, prompt_mask = pad(rows, left=True)
    later = torch.randint(V, (len(rows), 9), generator=torch.Generator().manual_seed(1))
    ids = torch.cat([prompts, later], dim=1)
    alone = [causal(torch.cat([row, more])[None])[0] for row, more in zip(rows, later, strict=True)]
    state = causal.begin(len(rows), prompt_mask=prompt_mask)
    while state.length < ids.shape[1]:
        piece = pieces[state.length % len(pieces)]
        step = causal.step(ids[:, state.length : state.length + piece], state)
        for i, row in enumerate(rows):
            at = state.length - 1 - (prompts.shape[1] - len(row))  # of the last token, among the row's real ones
            if at >= 0:
                torch.testing.assert_close(step[i], alone[i][at], **CLOSE)


@torch.no_grad()
def test_a_padded_source_is_its_row_alone(seq2seq: Seq2Seq):
    """Also a source that is nothing but padding is answered with finite numbers."""
    sources, targets = texts(LENGTHS, SOURCE_V), texts([5, 5, 5])
    source, source_mask = pad(sources, left=False)
    target = torch.stack(targets)
    logits = seq2seq(source, target, source_mask)
    for i, row in enumerate(sources):
        torch.testing.assert_close(logits[i], seq2seq(row[None], targets[i][None])[0], **CLOSE)
    assert seq2seq(source, target, torch.zeros_like(source_mask)).isfinite().all()


@pytest.mark.parametrize("left", [False, True])
@torch.no_grad()
def test_what_stands_in_the_padding_is_invisible(causal: CausalLM, left: bool):
    rows = texts(LENGTHS)
    ids, mask = pad(rows, left=left)
    others, _ = pad(rows, left=left, pad_id=None)
    assert not torch.equal(ids, others)
    assert torch.equal(causal(ids, mask)[mask], causal(others, mask)[mask])


@torch.no_grad()
def test_what_stands_in_the_sources_padding_is_invisible(seq2seq: Seq2Seq):
    rows, target = texts(LENGTHS, SOURCE_V), torch.stack(texts([5, 5, 5]))
    source, mask = pad(rows, left=False)
    others, _ = pad(rows, left=False, pad_id=None)
    assert not torch.equal(source, others)
    assert torch.equal(seq2seq(source, target, mask), seq2seq(others, target, mask))


@torch.no_grad()
def test_a_mask_of_only_real_tokens_changes_nothing(causal: CausalLM, seq2seq: Seq2Seq):
    ids = torch.stack(texts([6, 6], SOURCE_V))
    everything = torch.ones_like(ids, dtype=torch.bool)
    torch.testing.assert_close(causal(ids, everything), causal(ids), **CLOSE)
    torch.testing.assert_close(seq2seq(ids, ids, everything), seq2seq(ids, ids), **CLOSE)


@pytest.mark.parametrize("dtype", [torch.int64, torch.float32])
@torch.no_grad()
def test_a_mask_of_ones_and_zeros(causal: CausalLM, dtype: torch.dtype):
    """As tokenizers of Hugging Face give it: the same bits as with the bool mask, whole and in steps."""
    ids, mask = pad(texts(LENGTHS), left=True)
    assert torch.equal(causal(ids, mask.to(dtype)), causal(ids, mask))
    numbers, bools = (causal.begin(len(ids), prompt_mask=given) for given in (mask.to(dtype), mask))
    for part in ids.split((4, 2, 1), dim=1):
        assert torch.equal(causal.step(part, numbers), causal.step(part, bools))


@pytest.mark.parametrize("dtype", [torch.int64, torch.float32])
@torch.no_grad()
def test_a_sources_mask_of_ones_and_zeros(seq2seq: Seq2Seq, dtype: torch.dtype):
    source, mask = pad(texts(LENGTHS, SOURCE_V), left=False)
    target = torch.stack(texts([5, 5, 5]))
    assert torch.equal(seq2seq(source, target, mask.to(dtype)), seq2seq(source, target, mask))
    numbers, bools = (seq2seq.begin(source, given) for given in (mask.to(dtype), mask))
    assert torch.equal(seq2seq.step(target, numbers), seq2seq.step(target, bools))


@pytest.mark.parametrize("left", [False, True])
def test_padding_gives_finite_gradients(causal: CausalLM, left: bool):
    """A padded place that sees nothing at all must not turn the gradient into NaN."""
    ids, mask = pad(texts(LENGTHS), left=left)
    gradients = torch.autograd.grad(causal(ids, mask)[mask].logsumexp(-1).sum(), list(causal.parameters()))
    assert all(gradient.isfinite().all() for gradient in gradients)
