"""A model that is asked for whole texts writes what the same model with a cache writes."""

import pytest
import torch
from torch import nn

import groundup as gu
from groundup.decode.reread import Rereading

CONFIG = gu.preset("llama3-tiny", vocab_size=30, context=24, width=16, layers=2, heads=2, kv_heads=1, mlp_width=32)


class Bare(nn.Module):
    """The model behind a forward pass that takes ids and nothing else."""

    def __init__(self, model: gu.CausalLM):
        super().__init__()
        self.inner = model

    def forward(self, ids):
        assert ids.dim() == 2
        return self.inner(ids)


class Reader(Rereading, Bare):
    pass


@pytest.fixture
def models() -> tuple[gu.CausalLM, Reader]:
    model = gu.CausalLM(CONFIG).eval()
    return model, Reader(model).eval()


@torch.no_grad()
def test_steps_give_the_logits_of_the_cached_model_with_padding_too(models):
    ids, mask = torch.randint(30, (3, 6)), torch.ones(3, 6, dtype=torch.bool)
    mask[0, :2] = mask[2, :5] = False
    for prompt_mask in (None, mask):
        states = [one.begin(3, prompt_mask=prompt_mask) for one in models]
        for new in (ids, torch.randint(30, (3, 1)), torch.randint(30, (3, 2))):
            expected, found = (model.step(new, state) for model, state in zip(models, states, strict=True))
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
            assert states[0].length == states[1].length
        rows = torch.tensor([2, 2, 0])
        for state in states:
            state.select(rows)
        expected, found = (model.step(ids[:, :1], state) for model, state in zip(models, states, strict=True))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_beams_and_draws_are_those_of_the_cached_model(models):
    prompt = torch.randint(30, (2, 4))
    found = [gu.beam_search(one, one.begin(2), prompt, beams=gu.Beams(3), eos=0, max_new_tokens=6) for one in models]
    assert [[h.ids for h in row] for row in found[0]] == [[h.ids for h in row] for row in found[1]]
    for choose in (gu.Greedy(), gu.Sample(temperature=0.7, seed=1)):
        texts = [
            [column.ids.tolist() for column in gu.generate(one, one.begin(2), prompt, choose=choose, max_new_tokens=8)]
            for one in models
        ]
        assert texts[0] == texts[1]
