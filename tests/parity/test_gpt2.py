"""GPT-2: our logits are those of transformers' GPT2LMHeadModel with the same weights."""

import dataclasses

import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

from groundup.models.causal_lm import CausalLM
from groundup.presets import preset

C = 32


@pytest.fixture(scope="module", params=["our weights", "their weights"])
def models(request: pytest.FixtureRequest, randomise, exported, imported) -> tuple[CausalLM, GPT2LMHeadModel]:
    if request.param == "our weights":
        ours = randomise(CausalLM(preset("gpt2", vocab_size=67, context=24, width=C, layers=3, heads=4)))
        return ours, exported(ours)
    config = GPT2Config(
        **dict(vocab_size=67, n_positions=24, n_embd=C, n_layer=3, n_head=4, bos_token_id=0, eos_token_id=0)
    )
    theirs = randomise(GPT2LMHeadModel(config))
    return imported(theirs), theirs


def test_it_is_gpt2(models):
    ours, theirs = models
    assert type(theirs) is GPT2LMHeadModel
    plain = dataclasses.replace(ours.config, dropout=0.0, attention_dropout=0.0, mlp_width=None)
    assert plain == preset("gpt2", vocab_size=67, context=24, width=C, layers=3, heads=4)


@torch.no_grad()
def test_logits(models, texts, assert_same_logits):
    ours, theirs = models
    assert_same_logits(ours(texts), theirs(texts).logits)


@torch.no_grad()
def test_padded_logits(models, padded, real_positions, assert_same_logits):
    ours, theirs = models
    ids, mask = padded
    expected = theirs(ids, attention_mask=mask.long(), position_ids=real_positions(mask)).logits
    assert_same_logits(ours(ids, mask)[mask], expected[mask])


def test_gradients(models):
    """The same loss falls the same way: of the tied embedding, which every path goes through."""
    ours, theirs = models
    ids = torch.randint(67, (2, 13))
    losses = []
    for model, weight in ((ours, ours.head.weight), (theirs, theirs.lm_head.weight)):
        out = model(ids) if model is ours else model(ids).logits
        loss = nn.functional.cross_entropy(out[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
        losses.append((loss, torch.autograd.grad(loss, weight)[0]))
    (loss, gradient), (expected_loss, expected) = losses
    torch.testing.assert_close(loss, expected_loss)
    torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-4)


def test_the_parameters_are_the_same_number(models):
    ours, theirs = models
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
