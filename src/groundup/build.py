"""Build a model from a config, with or without storage, and count its parameters."""

import torch
from torch import nn

from groundup.config import ModelConfig
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq


def build(config: ModelConfig) -> CausalLM | Seq2Seq:
    """Build the model with new random weights: a `Seq2Seq` if the config has an encoder, else a `CausalLM`."""
    return CausalLM(config) if config.encoder_layers is None else Seq2Seq(config)


def on_meta(config: ModelConfig) -> CausalLM | Seq2Seq:
    """Build the model without storage: it has shapes and counts only."""
    with torch.device("meta"):
        return build(config)


def count_parameters(model: nn.Module) -> int:
    """Count all parameters, also frozen ones; tied ones once. Works on the meta device, for models of any size."""
    return sum(p.numel() for p in model.parameters())
