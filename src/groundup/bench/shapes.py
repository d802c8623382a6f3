"""The same model twice, ours and that of transformers, with any size."""

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from groundup.config import ModelConfig
from groundup.hub.folder import to_hub
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.presets import preset
from groundup.text.tokenizer import Tokenizer

MARKS = ("<pad>", "<bos>", "<eos>")
M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Shape:
    """A family and its sizes.

    The feed-forward layer is 4 widths wide, in LLaMA (three matrices) 8/3 of a width. Marian, the encoder-decoder of
    2017, has `layers` on either side, and three tables of its vocabulary.
    """

    family: str
    layers: int
    width: int
    heads: int
    context: int
    vocab_size: int

    def config(self) -> ModelConfig:
        """Return our config. Raises ValueError for a family that is not compared here."""
        sizes = {key: value for key, value in dataclasses.asdict(self).items() if key != "family"}
        if self.family == "gpt2":
            return preset("gpt2", **sizes)
        if self.family == "llama":
            return preset("llama-7b", **sizes, mlp_width=-(-8 * self.width // 3 // 16) * 16)
        if self.family == "marian":
            sides = dict(encoder_layers=self.layers, mlp_width=4 * self.width, tied="none", dropout=0.0)
            return preset("transformer-tiny", **sizes, **sides)
        raise ValueError(f"no family {self.family!r} to compare; there are gpt2, llama and marian")

    def ours(self) -> CausalLM | Seq2Seq:
        """Build our model with new random weights."""
        config = self.config()
        return CausalLM(config) if config.encoder_layers is None else Seq2Seq(config)


def theirs(ours: CausalLM | Seq2Seq) -> Any:
    """Load the same weights into transformers' own class, from our export: its defaults, attention by SDPA."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    auto = AutoModelForCausalLM if isinstance(ours, CausalLM) else AutoModelForSeq2SeqLM
    with tempfile.TemporaryDirectory() as folder:
        export(ours, folder)
        model = auto.from_pretrained(folder)
    model.generation_config.suppress_tokens = None  # ids without a name are written by all contestants here
    return model


def export(ours: CausalLM | Seq2Seq, folder: str | Path) -> None:
    """Write a Hugging Face folder. A translator gets a tokenizer of bytes, which leaves most ids without a name."""
    to_hub(ours, folder, tokenizer=None if isinstance(ours, CausalLM) else marks())


def marks() -> Tokenizer:
    """Return a tokenizer of all bytes and the special tokens that a translator needs."""
    return Tokenizer.train_from_texts("a", 256 + len(MARKS), specials=MARKS)


def matrix_parameters(model: nn.Module) -> int:
    """Count the weights of matrices that every token is multiplied with: the head counts, embeddings do not."""
    return sum(module.weight.numel() for module in model.modules() if isinstance(module, nn.Linear))


@torch.no_grad()
def spread(model: M) -> M:
    """Give the model random weights that are so large that one next token is clearly best, as in a trained model."""
    random = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.7 * parameter.shape[-1] ** -0.5, generator=random)
    return model.eval()
