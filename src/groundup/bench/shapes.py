"""The same language model twice, ours and transformers', at a size of one's own."""

import dataclasses
import tempfile
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from groundup.config import ModelConfig
from groundup.hub.folder import to_hub
from groundup.models.causal_lm import CausalLM
from groundup.presets import preset


@dataclass(frozen=True)
class Shape:
    """A family and its sizes. The feed-forward layer is 4 widths in GPT-2, 8/3 of a width in LLaMA (three matrices)."""

    family: str
    layers: int
    width: int
    heads: int
    context: int
    vocab_size: int

    def config(self) -> ModelConfig:
        """Our config; ValueError for a family that transformers is not compared with here."""
        sizes = {key: value for key, value in dataclasses.asdict(self).items() if key != "family"}
        if self.family == "gpt2":
            return preset("gpt2", **sizes)
        if self.family == "llama":
            return preset("llama-7b", **sizes, mlp_width=-(-8 * self.width // 3 // 16) * 16)
        raise ValueError(f"no family {self.family!r} to compare; there are gpt2 and llama")

    def ours(self) -> CausalLM:
        """With fresh random weights."""
        return CausalLM(self.config())


def theirs(ours: CausalLM) -> Any:
    """transformers' own class with the same weights, as it loads what we export: its defaults, attention by SDPA."""
    from transformers import AutoModelForCausalLM

    with tempfile.TemporaryDirectory() as folder:
        to_hub(ours, folder)
        return AutoModelForCausalLM.from_pretrained(folder)


def matrix_parameters(model: nn.Module) -> int:
    """Numbers in matrices that every token is multiplied with: the head is one, look-up tables are not."""
    return sum(module.weight.numel() for module in model.modules() if isinstance(module, nn.Linear))


@torch.no_grad()
def spread(model: CausalLM) -> CausalLM:
    """Random weights so large that the next token is a clear choice, as it is in a trained model."""
    random = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.7 * parameter.shape[-1] ** -0.5, generator=random)
    return model.eval()
