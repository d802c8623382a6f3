"""Attention and blocks against PyTorch's own layers, and grouped queries against repeated heads."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.nn.attention import Attention
from groundup.nn.block import Block
from groundup.nn.cache import KVCache
from groundup.nn.masks import Mask, build_mask
from groundup.nn.mlp import MLP, GatedMLP
from groundup.nn.positions import Rotary

C, H = 24, 4


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def randomise(module: nn.Module) -> nn.Module:
    """Everything random, norms and biases too: a swapped pair of zeros would go unseen."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module.eval()


def copy_attention(ours: Attention, theirs: nn.MultiheadAttention) -> None:
    parts = ours.query, ours.key, ours.value
    theirs.in_proj_weight.data = torch.cat([part.weight.data for part in parts])
    theirs.in_proj_bias.data = torch.cat([part.bias.data for part in parts])
    theirs.out_proj.load_state_dict(ours.out.state_dict())


def hidden_by(mask: Mask, T: int, S: int) -> Tensor:
    """PyTorch's layers want True where a key is hidden."""
    return ~mask.dense(T, S, torch.device("cpu"))


@pytest.mark.parametrize("causal", [False, True])
def test_it_is_torchs_multihead_attention(causal: bool):
    ours, theirs = randomise(Attention(C, H)), nn.MultiheadAttention(C, H, batch_first=True).eval()
    copy_attention(ours, theirs)
    x = torch.randn(2, 5, C)
    mask = build_mask(5, causal=causal)
    expected, _ = theirs(x, x, x, attn_mask=hidden_by(mask, 5, 5))
    torch.testing.assert_close(ours(x, mask=mask), expected, atol=1e-5, rtol=1e-5)


def test_reading_another_text_is_torchs_cross_attention():
    ours, theirs = randomise(Attention(C, H)), nn.MultiheadAttention(C, H, batch_first=True).eval()
    copy_attention(ours, theirs)
    x, memory = torch.randn(2, 3, C), torch.randn(2, 7, C)
    real = torch.arange(7) < torch.tensor([[7], [4]])
    expected, _ = theirs(x, memory, memory, key_padding_mask=~real)
    out = ours.read(x, ours.keys_values(memory), mask=Mask(allowed=real[:, None, None, :]))
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kv_heads", [1, 2])
def test_grouped_queries_are_repeated_heads(kv_heads: int):
    """Each run of heads / kv_heads neighbouring query heads reads the same key/value head (Ainslie et al. 2023)."""
    grouped, full = randomise(Attention(C, H, kv_heads=kv_heads)), Attention(C, H).eval()
    full.query.load_state_dict(grouped.query.state_dict())
    full.out.load_state_dict(grouped.out.state_dict())
    for name in ("key", "value"):
        small, large = getattr(grouped, name), getattr(full, name)
        assert small.weight.shape == (kv_heads * C // H, C)
        large.weight.data = (
            small.weight.data.unflatten(0, (kv_heads, -1)).repeat_interleave(H // kv_heads, 0).flatten(0, 1)
        )
        large.bias.data = small.bias.data.unflatten(0, (kv_heads, -1)).repeat_interleave(H // kv_heads, 0).flatten()
    x, at = torch.randn(2, 5, C), torch.arange(5)
    _, rotation = Rotary(C // H)(x, at)
    mask = build_mask(5, causal=True)
    torch.testing.assert_close(grouped(x, mask=mask, rotation=rotation), full(x, mask=mask, rotation=rotation))


def test_a_cache_of_one_key_head_is_that_small():
    cache = KVCache()
    Attention(C, H, kv_heads=1)(torch.randn(2, 5, C), mask=Mask(causal=True), cache=cache)
    keys, _ = cache.append(*torch.zeros(2, 2, 1, 1, C // H))
    assert keys.shape == (2, 1, 6, C // H)


def test_without_bias_there_is_none():
    modules = [Attention(C, H, bias=False), MLP(C, 7, activation=F.relu, bias=False), GatedMLP(C, 7, bias=False)]
    assert not [name for module in modules for name, _ in module.named_parameters() if name.endswith("bias")]


class DropAll(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu}


def block(*, cross: bool, norm_first: bool, activation: str = "relu") -> Block:
    return Block(
        Attention(C, H),
        MLP(C, 32, activation=ACTIVATIONS[activation]),
        norm=partial(nn.LayerNorm, C),
        cross=Attention(C, H) if cross else None,
        norm_first=norm_first,
    )


def copy_block(ours: Block, theirs: nn.Module) -> None:
    copy_attention(ours.attention, theirs.self_attn)
    theirs.linear1.load_state_dict(ours.mlp.into.state_dict())
    theirs.linear2.load_state_dict(ours.mlp.out.state_dict())
    norms = [ours.attention_norm, ours.mlp_norm]
    if ours.cross is not None:
        copy_attention(ours.cross, theirs.multihead_attn)
        norms.insert(1, ours.cross_norm)
    for i, norm in enumerate(norms, 1):
        getattr(theirs, f"norm{i}").load_state_dict(norm.state_dict())


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_block_is_torchs_encoder_layer(norm_first: bool, activation: str):
    ours = randomise(block(cross=False, norm_first=norm_first, activation=activation))
    theirs = nn.TransformerEncoderLayer(C, H, 32, activation=activation, norm_first=norm_first, batch_first=True).eval()
    copy_block(ours, theirs)
    x = torch.randn(2, 5, C)
    mask = build_mask(5, causal=False, window=3)
    expected = theirs(x, src_mask=hidden_by(mask, 5, 5))
    torch.testing.assert_close(ours(x, mask=mask), expected, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_block_with_cross_attention_is_torchs_decoder_layer(norm_first: bool):
    ours = randomise(block(cross=True, norm_first=norm_first))
    theirs = nn.TransformerDecoderLayer(C, H, 32, norm_first=norm_first, batch_first=True).eval()
    copy_block(ours, theirs)
    x, memory = torch.randn(2, 5, C), torch.randn(2, 7, C)
    real = torch.arange(7) < torch.tensor([[7], [4]])
    mask = build_mask(5, causal=True)
    expected = theirs(x, memory, tgt_mask=hidden_by(mask, 5, 5), memory_key_padding_mask=~real)
    out = ours(
        x,
        mask=mask,
        memory=ours.cross.keys_values(memory),
        memory_mask=Mask(allowed=real[:, None, None, :]),
    )
    torch.testing.assert_close(out, expected, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("norm_first", [False, True])
def test_dropout_is_on_every_branch_and_never_on_the_stream(norm_first: bool):
    """With every branch dropped, a pre-norm block hands its input through, and a post-norm one only normalises."""
    module = randomise(block(cross=True, norm_first=norm_first))
    module.dropout = DropAll()
    x, memory = torch.randn(2, 5, C), torch.randn(2, 7, C)
    out = module(x, mask=Mask(causal=True), memory=module.cross.keys_values(memory))
    norms = [] if norm_first else [module.attention_norm, module.cross_norm, module.mlp_norm]
    for norm in norms:
        x = norm(x)
    assert torch.equal(out, x)


def test_a_block_that_reads_needs_something_to_read():
    with pytest.raises(AssertionError, match="memory"):
        block(cross=True, norm_first=True)(torch.randn(1, 2, C), mask=Mask())


def test_the_gated_mlp_is_its_equation():
    """SwiGLU(x) = W2 (silu(W1 x) * W3 x), silu(z) = z / (1 + e^-z): Shazeer 2020, equation 6."""
    module = randomise(GatedMLP(C, 7, bias=True))
    x = torch.randn(3, C)
    gate, into = F.linear(x, module.gate.weight, module.gate.bias), F.linear(x, module.into.weight, module.into.bias)
    expected = F.linear(gate / (1 + torch.exp(-gate)) * into, module.out.weight, module.out.bias)
    torch.testing.assert_close(module(x), expected)
