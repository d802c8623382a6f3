"""Reading token by token, or in any pieces, gives the logits of reading everything at once."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

CONTEXT, V, SOURCE_V = 24, 61, 47
PIECES = st.lists(st.integers(1, 9), min_size=1, max_size=10).map(
    lambda sizes: [size for i, size in enumerate(sizes) if sum(sizes[: i + 1]) <= CONTEXT]
)
CLOSE = dict(atol=3e-5, rtol=1e-5)  # logits are about 1; a wrong position or key shows at 1e-2


@settings(max_examples=15, deadline=None)
@given(pieces=PIECES, seed=st.integers(0, 1000))
@torch.no_grad()
def test_a_language_model_in_pieces(causal: CausalLM, pieces: list[int], seed: int):
    ids = torch.randint(V, (2, sum(pieces)), generator=torch.Generator().manual_seed(seed))
    full, state = causal(ids), causal.begin(2)
    for piece in pieces:
        start = state.length
        step = causal.step(ids[:, start : start + piece], state)
        assert state.length == start + piece
        torch.testing.assert_close(step, full[:, state.length - 1], **CLOSE)


@settings(max_examples=15, deadline=None)
@given(pieces=PIECES, seed=st.integers(0, 1000), padded=st.booleans())
@torch.no_grad()
def test_a_translator_in_pieces(seq2seq: Seq2Seq, pieces: list[int], seed: int, padded: bool):
    random = torch.Generator().manual_seed(seed)
    source = torch.randint(SOURCE_V, (2, 7), generator=random)
    source_mask = torch.arange(7) < torch.tensor([[7], [3]]) if padded else None
    target = torch.randint(V, (2, sum(pieces)), generator=random)
    full, state = seq2seq(source, target, source_mask), seq2seq.begin(source, source_mask)
    for piece in pieces:
        start = state.length
        step = seq2seq.step(target[:, start : start + piece], state)
        assert state.length == start + piece
        torch.testing.assert_close(step, full[:, state.length - 1], **CLOSE)


@torch.no_grad()
def test_two_texts_at_once_do_not_share_a_cache(causal: CausalLM):
    ids = torch.randint(V, (2, 6), generator=torch.Generator().manual_seed(0))
    states = [causal.begin(), causal.begin()]
    for t in range(6):
        steps = [causal.step(ids[row : row + 1, t : t + 1], state) for row, state in enumerate(states)]
    torch.testing.assert_close(torch.cat(steps), causal(ids)[:, -1], **CLOSE)


@torch.no_grad()
def test_past_the_context_is_an_error_with_both_numbers(causal: CausalLM, seq2seq: Seq2Seq):
    fits, too_long = torch.zeros(1, 24, dtype=torch.int64), torch.zeros(1, 25, dtype=torch.int64)
    message = "25 tokens do not fit the model's context of 24"
    assert causal(fits).shape == (1, 24, V)
    with pytest.raises(ValueError, match=message):
        causal(too_long)
    state = causal.begin()
    causal.step(fits, state)
    with pytest.raises(ValueError, match=message):
        causal.step(fits[:, :1], state)
    assert state.length == 24
    for source, target in [(too_long, fits), (fits, too_long)]:
        with pytest.raises(ValueError, match=message):
            seq2seq(source, target)


@pytest.mark.parametrize("wrong", [V, -1])
@torch.no_grad()
def test_ids_past_the_vocabulary_are_an_error_with_both_numbers(causal: CausalLM, seq2seq: Seq2Seq, wrong: int):
    """As from another model's tokenizer."""
    good = torch.zeros(2, 3, dtype=torch.int64)
    bad = good.index_fill(1, torch.tensor(1), wrong)
    said = f"ids from {min(0, wrong)} to {max(0, wrong)} in a model with a vocabulary of "
    for size, call in [
        (V, lambda: causal(bad)),
        (V, lambda: causal.step(bad, causal.begin(2))),
        (V, lambda: seq2seq(good, bad)),
        (seq2seq.encoder.embed.num_embeddings, lambda: seq2seq(bad, good)),
    ]:
        with pytest.raises(ValueError, match=f"{said}{size}; encode with the tokenizer"):
            call()
