"""The pieces of the modern model, each against somebody else's: Qwen 3's norms and Primer's activation."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from groundup.models.causal_lm import CausalLM
from groundup.nn.attention import Attention
from groundup.nn.masks import Mask
from groundup.nn.mlp import SquaredReLU

C, V = 32, 61
IDS = torch.randint(V, (2, 11), generator=torch.Generator().manual_seed(0))
Build = Callable[..., CausalLM]


@torch.no_grad()
def test_normed_queries_and_keys_are_qwen_3s(variant: Build):
    """After the projection, before the rotation, weights shared by a layer's heads."""
    transformers = pytest.importorskip("transformers")
    ours = variant("llama2", qk_norm=True)
    config = transformers.Qwen3Config(
        vocab_size=V,
        hidden_size=C,
        intermediate_size=ours.config.hidden,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=C // 4,
        rms_norm_eps=ours.config.norm_eps,
        tie_word_embeddings=False,
        attn_implementation="eager",
    )
    theirs = transformers.Qwen3ForCausalLM(config).eval()
    body = theirs.model
    body.embed_tokens.load_state_dict(ours.stack.embed.state_dict())
    for block, layer in zip(ours.stack.blocks, body.layers, strict=True):
        for name in ("query", "key", "value", "out"):
            theirs_name = {"query": "q", "key": "k", "value": "v", "out": "o"}[name]
            getattr(layer.self_attn, f"{theirs_name}_proj").load_state_dict(getattr(block.attention, name).state_dict())
        layer.self_attn.q_norm.load_state_dict(block.attention.query_norm.state_dict())
        layer.self_attn.k_norm.load_state_dict(block.attention.key_norm.state_dict())
        layer.input_layernorm.load_state_dict(block.attention_norm.state_dict())
        layer.post_attention_layernorm.load_state_dict(block.mlp_norm.state_dict())
        for name, theirs_name in (("gate", "gate_proj"), ("into", "up_proj"), ("out", "down_proj")):
            getattr(layer.mlp, theirs_name).load_state_dict(getattr(block.mlp, name).state_dict())
    body.norm.load_state_dict(ours.stack.norm.state_dict())
    theirs.lm_head.load_state_dict(ours.head.state_dict())
    torch.testing.assert_close(ours(IDS), theirs(IDS).logits, atol=1e-5, rtol=1e-5)


def test_normed_scores_do_not_grow_with_the_weights():
    """Queries and keys a thousand times as large look at the same things."""
    torch.manual_seed(0)
    attention = Attention(C, 4, bias=False, qk_norm=lambda: nn.RMSNorm(8, eps=1e-9))
    x = torch.randn(2, 5, C)
    before = attention(x, mask=Mask(causal=True))
    with torch.no_grad():
        attention.query.weight *= 1000
        attention.key.weight *= 1000
    torch.testing.assert_close(attention(x, mask=Mask(causal=True)), before, atol=1e-5, rtol=1e-4)


def test_normed_queries_stay_in_bfloat16(variant: Build):
    """Under autocast q, k and v must be of one type, and the kernel that of the fast one."""
    model, seen = variant("modern"), []
    hook = lambda module, inputs: seen.append({x.dtype for x in inputs[:3]})  # noqa: E731
    for block in model.stack.blocks:
        block.attention.attend.register_forward_pre_hook(hook)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(IDS)
    assert seen == [{torch.bfloat16}] * 3
    torch.testing.assert_close(logits.float(), model(IDS), atol=0.2, rtol=0.1)


def test_relu_squared_is_primers():
    activations = pytest.importorskip("transformers.activations")
    x = torch.linspace(-3, 3, 101, requires_grad=True)
    assert torch.equal(SquaredReLU()(x), activations.ACT2FN["relu2"](x))
