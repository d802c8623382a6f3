"""GPT-3's alternation of dense and banded layers: our logits are those of transformers' GPT-Neo with the same weights.

GPT-Neo is the one model of transformers that alternates so. It has no biases on q, k and v (ours are set to zero) and
does not divide scores by sqrt(D) (its queries are multiplied by 1 / sqrt(D)).
"""

import pytest
import torch
from transformers import GPTNeoConfig, GPTNeoForCausalLM

from groundup.models.causal_lm import CausalLM
from groundup.presets import preset

C, H, WINDOW = 32, 4, 5


@pytest.fixture(scope="module")
def models(randomise) -> tuple[CausalLM, GPTNeoForCausalLM]:
    shape = dict(vocab_size=67, context=24, width=C, layers=4, heads=H, windows=(None, WINDOW))
    ours = randomise(CausalLM(preset("gpt3-small", **shape)))
    config = GPTNeoConfig(
        vocab_size=67,
        max_position_embeddings=24,
        hidden_size=C,
        num_layers=4,
        num_heads=H,
        attention_types=[[["global", "local"], 2]],
        window_size=WINDOW,
        intermediate_size=4 * C,
        activation_function="gelu_new",
        bos_token_id=0,
        eos_token_id=0,
        attn_implementation="eager",
    )
    theirs = GPTNeoForCausalLM(config).eval()
    copy_weights(ours, theirs)
    return ours, theirs


def copy_weights(ours: CausalLM, theirs: GPTNeoForCausalLM) -> None:
    body = theirs.transformer
    body.wte.load_state_dict(ours.stack.embed.state_dict())
    body.wpe.load_state_dict(ours.stack.positions.table.state_dict())
    for block, h in zip(ours.stack.blocks, body.h, strict=True):
        attention = h.attn.attention
        for linear in (block.attention.query, block.attention.key, block.attention.value):
            linear.bias.data.zero_()
        attention.q_proj.weight.data = block.attention.query.weight.data * (C // H) ** -0.5
        attention.k_proj.weight.data = block.attention.key.weight.data.clone()
        attention.v_proj.weight.data = block.attention.value.weight.data.clone()
        attention.out_proj.load_state_dict(block.attention.out.state_dict())
        h.ln_1.load_state_dict(block.attention_norm.state_dict())
        h.ln_2.load_state_dict(block.mlp_norm.state_dict())
        h.mlp.c_fc.load_state_dict(block.mlp.into.state_dict())
        h.mlp.c_proj.load_state_dict(block.mlp.out.state_dict())
    body.ln_f.load_state_dict(ours.stack.norm.state_dict())
    theirs.tie_weights()


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
