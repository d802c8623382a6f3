"""LLaMA 1, 2, 3 and 3.1: our logits are those of transformers' LlamaForCausalLM with the same weights."""

import dataclasses
from itertools import product

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from groundup.config import ModelConfig, RopeScaling
from groundup.models.causal_lm import CausalLM
from groundup.models.state import State
from groundup.presets import preset

SHAPE = dict(vocab_size=67, context=24, width=32, layers=3, heads=4, mlp_width=40)
FAMILIES = {
    "llama": preset("llama-7b", **SHAPE),
    "llama2": preset("llama2-7b", **SHAPE),
    "llama2 grouped": preset("llama2-70b", **SHAPE | dict(kv_heads=2)),
    "llama3": preset("llama3-8b", **SHAPE | dict(kv_heads=1)),
    "llama3.1": preset("llama3.1-8b", **SHAPE | dict(kv_heads=2, rope_scaling=RopeScaling(original_context=16))),
    "llama3.2, tied": preset("llama3.1-8b", **SHAPE | dict(kv_heads=2, tied="head")),
}


def their_config(config: ModelConfig) -> LlamaConfig:
    rope: dict = dict(rope_type="default", rope_theta=config.rope_theta)
    if config.rope_scaling is not None:
        rope |= dict(
            rope_type="llama3",
            factor=config.rope_scaling.factor,
            low_freq_factor=config.rope_scaling.low,
            high_freq_factor=config.rope_scaling.high,
            original_max_position_embeddings=config.rope_scaling.original_context,
        )
    return LlamaConfig(
        vocab_size=config.vocab_size,
        max_position_embeddings=config.context,
        hidden_size=config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.groups,
        intermediate_size=config.hidden,
        rms_norm_eps=config.norm_eps,
        rope_parameters=rope,
        tie_word_embeddings=config.tied == "head",
        bos_token_id=0,
        eos_token_id=0,
        attn_implementation="eager",
    )


@pytest.fixture(scope="module", params=product(FAMILIES, ["our weights", "their weights"]), ids=" ".join)
def models(request: pytest.FixtureRequest, randomise, exported, imported) -> tuple[CausalLM, LlamaForCausalLM]:
    family, whose = request.param
    config = FAMILIES[family]
    if whose == "our weights":
        ours = randomise(CausalLM(config))
        return ours, exported(ours)
    theirs = randomise(LlamaForCausalLM(their_config(config)))
    ours = imported(theirs)
    assert ours.config == config
    return ours, theirs


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


class At(State):
    """A text that stands somewhere else than at 0, 1, 2, ..."""

    def __init__(self, at: torch.Tensor):
        super().__init__()
        self.at = at

    def positions(self, ids: torch.Tensor) -> torch.Tensor:
        return self.at


@pytest.mark.parametrize("start", [8_000, 100_000, 131_060])
@torch.no_grad()
def test_far_positions_of_llama_31(randomise, exported, assert_same_logits, start: int):
    """The published scaling, beyond the 8,192 positions it was made for: the text stands at start, start + 1, ..."""
    config = preset("llama3.1-8b", **SHAPE | dict(context=131072, kv_heads=2, width=128, mlp_width=64))
    ours = randomise(CausalLM(config))
    theirs = exported(ours)
    ids, at = torch.randint(67, (2, 11)), torch.arange(start, start + 11)
    logits = ours.head(ours.read(ids, At(at)))
    assert_same_logits(logits, theirs(ids, position_ids=at[None].expand(2, -1)).logits)


@torch.no_grad()
def test_scaling_matters(randomise):
    """So that the tests above compare something: without it, the same weights are another model."""
    config = preset("llama3.1-8b", **SHAPE | dict(context=131072, kv_heads=2, width=128, mlp_width=64))
    scaled = randomise(CausalLM(config))
    plain = CausalLM(dataclasses.replace(config, rope_scaling=None)).eval()
    plain.load_state_dict(scaled.state_dict())
    ids, at = torch.randint(67, (1, 11)), torch.linspace(0, 100_000, 11).long()
    assert (scaled.read(ids, At(at)) - plain.read(ids, At(at))).abs().max() > 0.01
