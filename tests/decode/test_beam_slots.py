"""Beams that share a cache write what beams with caches of their own write."""

import pytest
import torch

from groundup.config import ModelConfig
from groundup.decode.beam import beam_search
from groundup.models import seq2seq
from groundup.models.seq2seq import Seq2Seq
from groundup.models.state import State

START, EOS, V = 0, 1, 23
FAMILIES = [
    dict(position="sinusoidal", norm_first=False, mlp="relu"),
    dict(position="rotary", kv_heads=2, mlp="swiglu", norm="rms", value_embeddings=True),
    dict(position="learned", windows=(None, 3)),
]


class Copied(State):
    """Every row has its own keys and values, which move whenever hypotheses do."""

    beams = 1


def shaken(family: dict) -> Seq2Seq:
    torch.manual_seed(3)
    shape = dict(vocab_size=V, context=20, width=32, layers=2, encoder_layers=1, heads=4)
    model = Seq2Seq(ModelConfig(**shape, **family))
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.5)
    return model.eval()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("masked", [False, True])
@torch.no_grad()
def test_sharing_changes_nothing(family, masked, monkeypatch):
    model, source = shaken(family), torch.randint(2, V, (6, 5), generator=torch.Generator().manual_seed(0))
    mask = torch.arange(5) < torch.tensor([[5], [2], [3], [5], [1], [4]]) if masked else None

    def search():
        return beam_search(
            model, model.begin(source, mask), torch.full((6, 1), START), beams=4, eos=EOS,
            max_new_tokens=torch.tensor([12, 3, 12, 7, 12, 5]), num_return_sequences=4, no_repeat_ngram_size=3,
        )  # fmt: skip

    shared = search()
    monkeypatch.setattr(seq2seq, "BeamState", Copied)
    for ours, theirs in zip(shared, search(), strict=True):
        assert [best.ids for best in ours] == [best.ids for best in theirs]
        assert [best.score for best in ours] == pytest.approx([best.score for best in theirs], abs=1e-4)


@torch.no_grad()
def test_several_tokens_a_step_and_texts_that_leave():
    model, random = shaken(FAMILIES[0]), torch.Generator().manual_seed(1)
    source, first = torch.randint(2, V, (3, 5), generator=random), torch.randint(2, V, (3, 2), generator=random)
    more, last = torch.randint(2, V, (6, 3), generator=random), torch.randint(2, V, (4, 1), generator=random)
    state = model.begin(source)
    model.step(first, state)
    state.select(torch.tensor([0, 0, 1, 1, 2, 2]))
    model.step(more, state)
    assert state.length == 5
    rows = torch.tensor([1, 1, 5, 4])  # the text in the middle leaves
    state.select(rows)
    written = torch.cat([first[rows // 2], more[rows], last], dim=1)
    torch.testing.assert_close(model.step(last, state), model(source[rows // 2], written)[:, -1], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_the_context_ends_beams_too():
    model = shaken(FAMILIES[0])
    state = model.begin(torch.full((1, 3), 2))
    with pytest.raises(ValueError, match="21 tokens do not fit the model's context of 20"):
        beam_search(model, state, torch.full((1, 1), START), beams=2, eos=V, max_new_tokens=30)
