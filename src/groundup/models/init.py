"""The initial weights of each paper, in one table.

    recipe        matrices               into the residual stream   embeddings        positions
    transformer   Xavier uniform         the same                   N(0, 1/sqrt(C))   -
    gpt2          N(0, 0.02)             N(0, 0.02 / sqrt(2 L))     N(0, 0.02)        N(0, 0.01)
    llama         N(0, 0.02)             the same                   N(0, 0.02)        -
    zero-out      N(0, 1/sqrt(inputs))   0                          N(0, 1)           N(0, 0.01)

transformer: the 2017 paper has no initialisation; this is what its authors' tensor2tensor code uses (fairseq takes
             queries, keys and values at 1/sqrt(2) of it). After scaling by sqrt(width) an embedding has unit variance,
             twice the mean square of the sinusoids.
gpt2:        Radford et al. 2019, section 2.3: residual layers scaled by 1/sqrt(number of residual layers).
llama:       the papers have none; 0.02 is what the reference implementations use.
zero-out:    every branch starts at zero, so that the stream is the embedding and a deep model is as easy to train as
             a shallow one (Zhang et al. 2019, Fixup; Bachlechner et al. 2020); other matrices keep the variance of
             their input. An untied head starts at 0, which makes the loss ln V; an embedding that is also the head
             starts as N(0, 0.02).

Biases start at 0, norm weights at 1. A tied head is the embedding; an untied one (except in zero-out) starts as a
matrix of its row. N(0, s) has the standard deviation s.
"""

import math

from torch import nn

from groundup.config import ModelConfig
from groundup.nn.attention import Attention
from groundup.nn.mlp import MLP, GatedMLP
from groundup.nn.positions import Learned


def initialise(model: nn.Module, config: ModelConfig) -> None:
    """Initialise every weight of a new model by its row of the table."""
    into_stream = {module.out for module in model.modules() if isinstance(module, Attention | MLP | GatedMLP)}
    residual = 1 / math.sqrt(2 * config.layers) if config.init == "gpt2" else 1.0
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            if config.init == "transformer":
                nn.init.xavier_uniform_(module.weight)
            elif config.init == "zero-out":
                ends = module in into_stream or name == "head"
                nn.init.normal_(module.weight, std=0.0 if ends else module.in_features**-0.5)
            else:
                nn.init.normal_(module.weight, std=0.02 * (residual if module in into_stream else 1.0))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    # After the matrices, so that a tied head keeps the embedding's values.
    std = {"transformer": config.width**-0.5, "zero-out": 1.0 if config.tied == "none" else 0.02}.get(config.init, 0.02)
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=std)
    for module in model.modules():
        if isinstance(module, Learned):
            nn.init.normal_(module.table.weight, std=0.01)
