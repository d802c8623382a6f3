"""Embedding, positions, blocks, final norm: encoder, translation decoder and language model are all a `Stack`.

Here the words of a `ModelConfig` become modules, once; `forward` uses no names.
"""

import math
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice

from torch import Tensor, nn

from groundup.config import ModelConfig
from groundup.models.state import State
from groundup.nn.attention import Attention
from groundup.nn.block import Block
from groundup.nn.mlp import MLP, GatedMLP, SquaredReLU
from groundup.nn.norms import RMSNorm, unchanged
from groundup.nn.positions import Learned, Rotary, Sinusoidal


class Stack(nn.Module):
    """Token ids (B, T) -> hidden states (B, T, C).

    A post-norm stack ends normalised; a pre-norm one needs the final norm, which the 2017 paper does not have.
    """

    def __init__(self, config: ModelConfig, *, vocab_size: int, layers: int, causal: bool, cross: bool = False):
        super().__init__()
        self.context = config.context
        self.causal = causal
        self.scale = math.sqrt(config.width) if config.scale_embedding else 1.0
        self.windows = tuple(islice(cycle(config.windows), layers))
        self.embed = nn.Embedding(vocab_size, config.width)
        self.positions = _positions(config)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(_block(config, cross=cross) for _ in range(layers))
        self.norm = _norm(config)() if config.norm_first else unchanged

    def forward(self, ids: Tensor, state: State) -> Tensor:
        """Run the blocks over ids (B, T), the new tokens of the texts that `state` knows.

        Raises ValueError beyond the context, and for ids beyond the vocabulary if the embedding notices them.
        """
        if state.end(ids) > self.context:
            raise ValueError(f"{state.end(ids)} tokens do not fit the model's context of {self.context}")
        x, rotation = self.positions(self._embed(ids) * self.scale, state.positions(ids))
        x = self.dropout(x)  # (B, T, C)
        masks = {window: state.mask(ids, causal=self.causal, window=window) for window in set(self.windows)}
        for i, block in enumerate(self.blocks):
            cache = state.caches[i] if state.caches else None
            memory = dict(memory=state.memory[i], memory_mask=state.memory_mask) if state.memory else {}
            x = block(x, mask=masks[self.windows[i]], rotation=rotation, cache=cache, **memory)
        return self.norm(x)

    def keys_values(self, memory: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The keys and values of memory (B, S, C) for each block's cross-attention, computed once for a source."""
        return [block.cross.keys_values(memory) for block in self.blocks]  # type: ignore[union-attr]

    def _embed(self, ids: Tensor) -> Tensor:
        try:
            return self.embed(ids)
        except IndexError:
            raise ValueError(
                f"ids from {ids.min()} to {ids.max()} in a model with a vocabulary of {self.embed.num_embeddings}; "
                "encode with the tokenizer that it was trained with"
            ) from None


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "gelu-tanh": partial(nn.GELU, approximate="tanh"),
    "relu2": SquaredReLU,
}


def _block(config: ModelConfig, *, cross: bool) -> Block:
    attention = partial(
        Attention,
        config.width,
        config.heads,
        kv_heads=config.groups,
        bias=config.bias,
        qk_norm=partial(RMSNorm, config.head_width, config.norm_eps) if config.qk_norm else lambda: unchanged,
        dropout=config.attention_dropout,
    )
    if config.mlp == "swiglu":
        mlp = GatedMLP(config.width, config.hidden, bias=config.bias)
    else:
        mlp = MLP(config.width, config.hidden, activation=ACTIVATIONS[config.mlp](), bias=config.bias)
    build = partial(Block, norm=_norm(config), norm_first=config.norm_first, dropout=config.dropout)
    return build(attention(), mlp, cross=attention() if cross else None)


def _norm(config: ModelConfig) -> Callable[[], nn.Module]:
    if config.norm == "rms":
        return partial(RMSNorm, config.width, config.norm_eps)
    return partial(nn.LayerNorm, config.width, config.norm_eps, bias=config.bias)


def _positions(config: ModelConfig) -> nn.Module:
    if config.position == "learned":
        return Learned(config.context, config.width)
    if config.position == "rotary":
        scaling = vars(config.rope_scaling) if config.rope_scaling else None
        return Rotary(config.head_width, theta=config.rope_theta, scaling=scaling)
    return Sinusoidal(config.context, config.width, halves=config.position == "sinusoidal-halves")
