"""A tiny model of every family, every parameter random, so that no zero bias or unit weight hides a mistake."""

import torch
from torch import nn

from groundup.config import ModelConfig, RopeScaling
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.presets import preset

SMALL = dict(vocab_size=61, context=24, width=32, layers=3, heads=4)
GATED = dict(mlp_width=40)

CAUSAL = {
    "gpt2": preset("gpt2-tiny", **SMALL),
    "gpt3": preset("gpt3-tiny", **SMALL | dict(windows=(None, 3))),
    "llama": preset("llama-tiny", **SMALL, **GATED),
    "llama2": preset("llama2-tiny", **SMALL, **GATED, kv_heads=2),
    "llama3": preset("llama3-tiny", **SMALL, **GATED, kv_heads=1, tied="head"),
    "llama3.1": preset("llama3-tiny", **SMALL, **GATED, kv_heads=2, rope_scaling=RopeScaling(original_context=8)),
    "modern": preset("modern-tiny", **SMALL, kv_heads=2, windows=(3, None)),
    # The 2017 decoder on its own: post-norm and sinusoids without an encoder.
    "transformer-decoder": preset("transformer-tiny", **SMALL, encoder_layers=None, tied="head"),
}
SEQ2SEQ = {
    "transformer": preset("transformer-tiny", **SMALL, encoder_layers=2, mlp_width=48),
    "pre-norm": preset("transformer-tiny", **SMALL, encoder_layers=2, norm_first=True, position="learned"),
    "separate vocabularies": preset(
        "transformer-tiny", **SMALL, encoder_layers=1, source_vocab_size=47, tied="head", position="sinusoidal-halves"
    ),
    "untied": preset("transformer-tiny", **SMALL, encoder_layers=4, tied="none", scale_embedding=False),
    # Nothing of 2017 but the encoder: the blocks are the same, so this must work too.
    "llama translator": preset("llama3-tiny", **SMALL, **GATED, encoder_layers=2, kv_heads=2, windows=(None, 4)),
    "modern translator": preset("modern-tiny", **SMALL, encoder_layers=2),
}


def build_random(config: ModelConfig, *, seed: int = 0) -> nn.Module:
    """In eval mode, with weights large enough that every path through the model matters."""
    model = CausalLM(config) if config.encoder_layers is None else Seq2Seq(config)
    random = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        norm = "norm" in name and name.endswith("weight")
        scale = 0.3 if parameter.ndim == 1 else parameter.shape[1] ** -0.5
        nn.init.normal_(parameter, mean=float(norm), std=scale, generator=random)
    return model.eval()
