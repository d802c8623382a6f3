"""From a config to a model, with storage or without, and how large it is."""

import torch
from torch import nn

from groundup.config import ModelConfig
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq


def build(config: ModelConfig) -> CausalLM | Seq2Seq:
    """The model that the config describes, its weights fresh: an encoder makes a `Seq2Seq`, none a `CausalLM`."""
    return CausalLM(config) if config.encoder_layers is None else Seq2Seq(config)


def on_meta(config: ModelConfig) -> CausalLM | Seq2Seq:
    """The model without storage: shapes and counts only."""
    with torch.device("meta"):
        return build(config)


def count_parameters(model: nn.Module) -> int:
    """All numbers, frozen ones too, tied ones once. Also on the meta device, for models that fit no memory here."""
    return sum(p.numel() for p in model.parameters())
