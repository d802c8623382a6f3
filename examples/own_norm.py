"""A recipe with a norm of your own: train it, and compare it with RMSNorm, by the commands of groundup.

    groundup train examples/own_norm.py
    groundup translate own-norm --trust-code "Where is the station?"
    groundup compare examples/own_norm.py
    groundup compare examples/own_norm.py --vary model.width 32 64 128 --seeds 0 1

The norm divides by the mean of |x| and not by the root of the mean of x^2. Copy this file, and put your idea in.
"""

import torch
from torch import nn

import groundup as gu


class AbsNorm(nn.Module):
    """weight * x / mean |x|, over the features."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (B, T, C) -> (B, T, C)
        scale = x.float().abs().mean(dim=-1, keepdim=True).clamp(min=1e-5)
        return (self.weight * x / scale).type_as(x)


def model(config: gu.ModelConfig, norm: str) -> gu.Seq2Seq:
    """What is trained: the model of the config, with this norm where it is asked for."""
    made = gu.Seq2Seq(config)
    if norm == "abs":
        for stack in (made.encoder, made.decoder):
            for block in stack.blocks:
                block.attention_norm, block.mlp_norm = AbsNorm(config.width), AbsNorm(config.width)
    return made


RECIPE = gu.PairRecipe(
    name="own-norm",
    data=gu.PairData(corpus="phrasebook-fr", phrasebook=20_000, valid=200, test=200, batch_tokens=1024),
    tokenizer=gu.TokenizerSettings(vocab_size=1000),
    model=gu.preset(
        "transformer-tiny", vocab_size=1000, context=64, width=64, layers=2, encoder_layers=2, mlp_width=172,
        norm="rms", norm_first=True, position="rotary", mlp="swiglu", bias=False, dropout=0.0,
    ),
    train=gu.TrainSettings(steps=400, lr=4e-3, warmup=40, validate_every=100, save_every=400),
    own={"norm": "abs"},
)  # fmt: skip

COMPARISON = {
    "rms-norm": {"own": {"norm": "rms"}},
    "abs-norm": {"own": {"norm": "abs"}},
}
