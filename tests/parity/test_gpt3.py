"""GPT-3's alternation of dense and banded layers: our logits are those of transformers' GPT-Neo with the same weights.

GPT-Neo is the one model of transformers that alternates so. It has no biases on q, k and v (ours move to where it has
some) and does not divide scores by sqrt(D) (its queries are multiplied by 1 / sqrt(D)).
"""

import pytest
import torch
from transformers import GPTNeoConfig, GPTNeoForCausalLM

from groundup.models.causal_lm import CausalLM
from groundup.presets import preset

C, H, WINDOW = 32, 4, 5


SHAPE = dict(vocab_size=67, context=24, width=C, layers=4, heads=H)


@pytest.fixture(scope="module", params=["our weights", "our weights without biases", "their weights"])
def models(request: pytest.FixtureRequest, randomise, exported, imported) -> tuple[CausalLM, GPTNeoForCausalLM]:
    if request.param != "their weights":
        bias = request.param == "our weights"
        ours = randomise(CausalLM(preset("gpt3-small", **SHAPE, windows=(None, WINDOW), bias=bias)))
        return ours, exported(ours)
    config = GPTNeoConfig(
        **dict(vocab_size=67, max_position_embeddings=24, hidden_size=C, num_layers=4, num_heads=H, window_size=WINDOW),
        **dict(attention_types=[[["global", "local"], 2]], bos_token_id=0, eos_token_id=0),
    )
    theirs = randomise(GPTNeoForCausalLM(config))
    return imported(theirs), theirs


def test_layers_alternate(models):
    ours, theirs = models
    assert ours.config.windows == (None, WINDOW)
    assert type(theirs) is GPTNeoForCausalLM
    assert theirs.config.attention_layers == ["global", "local", "global", "local"]


def test_a_dense_one_is_a_gpt2(randomise, exported):
    ours = randomise(CausalLM(preset("gpt3-small", **SHAPE, windows=(None, None))))
    assert exported(ours).config.model_type == "gpt2"


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
