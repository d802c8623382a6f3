"""The published architectures have the published numbers of parameters; counted on the meta device, without memory."""

import pytest
import torch

from groundup.build import count_parameters, on_meta
from groundup.config import ModelConfig, RopeScaling
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.presets import PRESETS, preset

EXACTLY = {
    "gpt2": 124_439_808,
    "gpt2-medium": 354_823_168,
    "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
    "llama-7b": 6_738_415_616,
    "llama-13b": 13_015_864_320,
    "llama-33b": 32_528_943_616,
    "llama-65b": 65_285_660_672,
    "llama2-7b": 6_738_415_616,
    "llama2-13b": 13_015_864_320,
    "llama2-70b": 68_976_648_192,
    "llama3-8b": 8_030_261_248,
    "llama3-70b": 70_553_706_496,
    "llama3.1-8b": 8_030_261_248,
    "llama3.1-70b": 70_553_706_496,
}

# Table 2.1 of the GPT-3 paper, rounded there; its 350M and 2.7B are rounded by more than 1.5%.
GPT3 = {
    "gpt3-small": (125e6, 0.015),
    "gpt3-medium": (350e6, 0.02),
    "gpt3-large": (760e6, 0.015),
    "gpt3-xl": (1.3e9, 0.015),
    "gpt3-2.7b": (2.7e9, 0.02),
    "gpt3-6.7b": (6.7e9, 0.015),
    "gpt3-13b": (13e9, 0.015),
    "gpt3-175b": (175e9, 0.015),
}


@pytest.mark.parametrize("name", EXACTLY)
def test_published_counts(name: str):
    assert count_parameters(on_meta(preset(name))) == EXACTLY[name]


@pytest.mark.parametrize("name", GPT3)
def test_gpt3_counts_up_to_the_papers_rounding(name: str):
    published, within = GPT3[name]
    assert count_parameters(on_meta(preset(name))) == pytest.approx(published, rel=within)


@pytest.mark.parametrize(("name", "published"), [("transformer-base", 65e6), ("transformer-big", 213e6)])
def test_transformer_counts(name: str, published: float):
    """Table 3 of Vaswani et al. 2017."""
    assert count_parameters(on_meta(preset(name))) == pytest.approx(published, rel=0.04)


def test_modern_is_gpt2_with_a_head_of_its_own():
    """GPT-2's matrices and one head more; no positions, no biases, and a norm's weight for each of q and k."""
    gpt2, V, C, L = EXACTLY["gpt2"], 50257, 768, 12
    positions, biases, norm_shifts = 1024 * C, L * 9 * C, (2 * L + 1) * C
    assert count_parameters(on_meta(preset("modern"))) == gpt2 + V * C - positions - biases - norm_shifts + L * 2 * 64


@pytest.mark.parametrize("name", ["seq2seq-tiny", "seq2seq-small"])
def test_seq2seq_counts_are_mbarts_without_its_positions(name: str):
    """mBART has the norm first, too, but learnt positions and a norm after the embedding on both sides."""
    from transformers import MBartConfig, MBartForConditionalGeneration

    ours = preset(name)
    C, M = ours.width, ours.mlp_width
    layers = dict(encoder_layers=ours.encoder_layers, decoder_layers=ours.layers)
    widths = dict(d_model=C, encoder_ffn_dim=M, decoder_ffn_dim=M)
    with torch.device("meta"):
        theirs = MBartForConditionalGeneration(
            MBartConfig(vocab_size=ours.vocab_size, max_position_embeddings=ours.context, **layers, **widths)
        )
        mine = sum(p.numel() for p in Seq2Seq(ours).parameters())
    embedding = sum(p.numel() for n, p in theirs.named_parameters() if "embed_positions" in n or "layernorm_emb" in n)
    assert mine == theirs.num_parameters() - embedding


@pytest.mark.parametrize("name", [name for name in EXACTLY if name.startswith("gpt2")])
def test_gpt2_counts_are_transformers(name: str):
    from transformers import GPT2Config, GPT2LMHeadModel

    ours = preset(name)
    config = GPT2Config(n_embd=ours.width, n_layer=ours.layers, n_head=ours.heads)  # their defaults are GPT-2's
    with torch.device("meta"):
        theirs = GPT2LMHeadModel(config)
    assert count_parameters(on_meta(ours)) == theirs.num_parameters()


@pytest.mark.parametrize("name", ["llama-7b", "llama2-70b", "llama3-8b", "llama3.1-70b"])
def test_llama_counts_are_transformers(name: str):
    from transformers import LlamaConfig, LlamaForCausalLM

    ours = preset(name)
    config = LlamaConfig(
        vocab_size=ours.vocab_size,
        hidden_size=ours.width,
        intermediate_size=ours.hidden,
        num_hidden_layers=ours.layers,
        num_attention_heads=ours.heads,
        num_key_value_heads=ours.groups,
    )
    with torch.device("meta"):
        theirs = LlamaForCausalLM(config)
    assert count_parameters(on_meta(ours)) == theirs.num_parameters()


@pytest.mark.parametrize("name", [name for name in PRESETS if name.endswith("-tiny")])
@torch.no_grad()
def test_tiny_ones_run_here(name: str):
    config = preset(name)
    ids = torch.randint(config.vocab_size, (2, 5))
    if config.encoder_layers is None:
        assert CausalLM(config)(ids).shape == (2, 5, config.vocab_size)
    else:
        assert Seq2Seq(config)(ids, ids[:, :3]).shape == (2, 3, config.vocab_size)
    assert count_parameters(on_meta(config)) < 8e6


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_an_oracle_and_survives_its_file(name: str):
    """A new row needs a published number above, or must be a tiny one."""
    assert name in {*EXACTLY, *GPT3, "transformer-base", "transformer-big", "modern", "seq2seq-small"} or name.endswith(
        "-tiny"
    )
    assert ModelConfig.from_dict(preset(name).to_dict()) == preset(name)


def test_what_tells_the_families_apart():
    """The papers' words, once more: what a count of parameters cannot see."""
    assert preset("llama-7b").norm_eps == 1e-6
    assert preset("llama2-7b").norm_eps == preset("llama3-8b").norm_eps == preset("gpt2").norm_eps == 1e-5
    assert [preset(name).context for name in ("gpt2", "gpt3-175b", "llama-7b", "llama2-7b", "llama3-8b")] == [
        1024,
        2048,
        2048,
        4096,
        8192,
    ]
    assert preset("llama2-7b").rope_theta == 10_000
    assert preset("llama3-8b").rope_theta == preset("llama3.1-8b").rope_theta == 500_000
    assert preset("llama3-8b").rope_scaling is None  # it came with 3.1
    assert preset("llama3.1-8b").rope_scaling == RopeScaling(factor=8.0, low=1.0, high=4.0, original_context=8192)
    assert {preset(name).mlp for name in PRESETS if name.startswith("gpt")} == {"gelu-tanh"}
    assert {preset(name).mlp for name in PRESETS if name.startswith("llama")} == {"swiglu"}
    assert {preset(name).norm_first for name in PRESETS if name.startswith("transformer")} == {False}
    assert {preset(name).windows[0] for name in PRESETS if name.startswith("gpt3")} == {None}
    assert {len(preset(name).windows) for name in PRESETS if name.startswith("gpt3")} == {2}
    assert preset("transformer-base").dropout == 0.1
    assert preset("transformer-big").dropout == 0.3  # English to German


def test_changes_are_applied_and_nothing_else():
    changes = dict(vocab_size=8192, context=512)
    assert preset("llama3-tiny", **changes).to_dict() == preset("llama3-tiny").to_dict() | changes
    assert preset("llama3-tiny").vocab_size == 4096


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("gpt2-meduim", {}, "unknown preset 'gpt2-meduim'; did you mean 'gpt2-medium'"),
        ("lama3-tiny", {}, "did you mean 'llama3-tiny'"),
        ("zzz", {}, "known are transformer-base, "),
        ("gpt2", dict(widht=770), "unknown model setting 'widht'; did you mean 'width'"),
        ("gpt2", dict(width=770), r"heads \(12\) must divide width \(770\); try width=768"),
    ],
)
def test_mistakes(name: str, changes: dict, message: str):
    with pytest.raises(ValueError, match=message) as caught:
        preset(name, **changes)
    assert "\n" not in str(caught.value)
