"""Beams that share a cache write what beams with caches of their own write: translators and language models."""

import pytest
import torch
from families import CAUSAL, SEQ2SEQ, build_random
from torch import Tensor

from groundup.decode import beam
from groundup.decode.beam import beam_search
from groundup.decode.slots import InSlots, Slots, repeated
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

START, EOS = 0, 1
CLOSE = dict(atol=3e-5, rtol=1e-4)


def begin(model: CausalLM | Seq2Seq, masked: bool):
    """Six texts, of their own lengths if masked: what beams begin from, and the ids to read first."""
    random = torch.Generator().manual_seed(0)
    lengths = torch.tensor([[5], [2], [3], [5], [1], [4]])
    if isinstance(model, Seq2Seq):
        source = torch.randint(2, 47, (6, 5), generator=random)
        return model.begin(source, torch.arange(5) < lengths if masked else None), torch.full((6, 1), START)
    mask = torch.arange(5) >= 5 - lengths if masked else None
    return model.begin(6, prompt_mask=mask), torch.randint(2, 61, (6, 5), generator=random)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("family", [*CAUSAL, *SEQ2SEQ])
@torch.no_grad()
def test_sharing_changes_nothing(family: str, masked: bool, monkeypatch: pytest.MonkeyPatch):
    model = build_random((CAUSAL | SEQ2SEQ)[family])
    ways = []

    def search(share: bool):
        def begun(model, state, rows, *, beams):
            if share:
                model, state = repeated(model, state, rows, beams=beams)
            else:
                state.select(rows)
            ways.append(type(state))
            return model, state

        monkeypatch.setattr(beam, "repeated", begun)
        state, ids = begin(model, masked)
        return beam_search(
            model, state, ids, beams=4, eos=EOS, max_new_tokens=torch.tensor([12, 3, 12, 7, 12, 5]),
            num_return_sequences=4, no_repeat_ngram_size=3,
        )  # fmt: skip

    for ours, theirs in zip(search(True), search(False), strict=True):
        assert [best.ids for best in ours] == [best.ids for best in theirs]
        assert [best.score for best in ours] == pytest.approx([best.score for best in theirs], abs=1e-4)
    assert (ways[0] is Slots) != (ways[1] is Slots), "both ways are the same, so this compares nothing"


@pytest.mark.parametrize("family", ["gpt3", "modern", "llama translator"])
@pytest.mark.parametrize("masked", [False, True])
@torch.no_grad()
def test_several_tokens_a_step_and_texts_that_leave(family: str, masked: bool):
    """Against whole texts: the windows of these families are shorter than what is written."""
    model, random = build_random((CAUSAL | SEQ2SEQ)[family]), torch.Generator().manual_seed(1)
    state, first = begin(model, masked)

    def randint(rows: int, columns: int) -> Tensor:
        return torch.randint(2, 61, (rows, columns), generator=random)

    more, last = randint(12, 3), randint(4, 1)
    model.step(first, state)
    inside, slots = repeated(model, state, torch.arange(6).repeat_interleave(2), beams=2)
    assert isinstance(inside, InSlots)
    inside.step(more, slots)
    rows = torch.tensor([1, 1, 9, 8])  # the first text and the fifth are left
    slots.select(rows)
    written = torch.cat([first[rows // 2], more[rows], last], dim=1)
    whole, _ = begin(model, masked)
    whole.select(rows // 2)
    torch.testing.assert_close(inside.step(last, slots), model.step(written, whole), **CLOSE)
    assert slots.length == written.shape[1]


@torch.no_grad()
def test_a_hypothesis_costs_no_copy_of_its_cache():
    """Six beams that all go on from the first one: the buffers stay the very same objects."""
    model = build_random(CAUSAL["llama2"])
    state, ids = begin(model, False)
    model.step(ids, state)
    inside, slots = repeated(model, state, torch.arange(6).repeat_interleave(4), beams=4)
    inside.step(torch.full((24, 1), 5), slots)
    buffers = [cache._keys for cache in slots.caches]
    slots.reorder(torch.arange(24) // 4 * 4)
    inside.step(torch.full((24, 1), 7), slots)
    assert all(cache._keys is buffer for cache, buffer in zip(slots.caches, buffers, strict=True))


@torch.no_grad()
def test_the_context_ends_beams_too():
    for model in (build_random(SEQ2SEQ["transformer"]), build_random(CAUSAL["gpt2"])):
        state, ids = begin(model, False)
        with pytest.raises(ValueError, match="25 tokens do not fit the model's context of 24"):
            beam_search(model, state, ids[:, :1], beams=2, eos=60, max_new_tokens=40)
