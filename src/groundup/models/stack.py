"""Embedding, positions, blocks, final norm: the encoder, the translation decoder and the language model are all this.

Here the words of a `ModelConfig` become modules, once; `forward` never asks for a name again.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle, islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.config import ModelConfig
from groundup.nn.attend import Attend
from groundup.nn.attention import Attention
from groundup.nn.banded import BandedAttend
from groundup.nn.block import Block
from groundup.nn.cache import KVCache
from groundup.nn.dropout import Dropout
from groundup.nn.masks import Mask, build_mask
from groundup.nn.mlp import MLP, GatedMLP, gelu_tanh, relu_squared
from groundup.nn.norms import LayerNorm, RMSNorm
from groundup.nn.positions import Learned, Rotary, Sinusoidal
from groundup.nn.softcap import Softcap
from groundup.nn.values import NoValues, ValueEmbedding

KeysValues = tuple[Tensor, Tensor]


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
        self.dropout = Dropout(config.dropout)
        self.values = nn.ModuleList(_values(config, vocab_size, layers - i) for i in range(layers))
        banded = [causal and window is not None for window in self.windows]
        self.blocks = nn.ModuleList(_block(config, cross=cross, banded=band) for band in banded)
        self.norm = _norm(config)() if config.norm_first else nn.Identity()

    def forward(
        self,
        ids: Tensor,
        *,
        at: Tensor | None = None,
        key_mask: Tensor | None = None,
        documents: Tensor | None = None,
        caches: Sequence[KVCache] | None = None,
        memory: Sequence[KeysValues] | None = None,
        memory_mask: Mask = Mask(),
    ) -> Tensor:
        """Run the blocks over ids (B, T); with caches, ids are the new tokens only.

        at (T,) or (B, T): positions, when they are not simply the next ones. key_mask (B, S): True at real keys.
        documents (B, T): numbers of those that share a row; a token sees its own alone (`nn.masks.build_mask`).
        memory: the cross keys and values of each block. Raises ValueError past the context, and on a CPU for ids past
        the vocabulary.
        """
        T, start = ids.shape[1], caches[0].length if caches else 0
        if start + T > self.context:
            raise ValueError(f"{start + T} tokens do not fit the model's context of {self.context}")
        if at is None:
            at = torch.arange(start, start + T, device=ids.device)
        try:
            x = self.embed(ids)
        except IndexError:
            raise ValueError(
                f"ids from {ids.min()} to {ids.max()} in a model with a vocabulary of {self.embed.num_embeddings}; "
                "encode with the tokenizer that it was trained with"
            ) from None
        x, rotation = self.positions(x * self.scale, at)
        x = self.dropout(x)  # (B, T, C)
        mask = partial(
            build_mask, T, start, causal=self.causal, key_mask=key_mask, documents=documents, device=ids.device
        )
        masks = {window: mask(window=window) for window in set(self.windows)}
        for i, block in enumerate(self.blocks):
            x = block(
                x,
                mask=masks[self.windows[i]],
                rotation=rotation,
                cache=caches[i] if caches else None,
                values=self.values[i](ids),
                memory=memory[i] if memory else None,
                memory_mask=memory_mask,
            )
        return self.norm(x)

    def keys_values(self, memory: Tensor) -> list[KeysValues]:
        """What each block's cross-attention reads of memory (B, S, C), computed once for a source."""
        return [block.cross.keys_values(memory) for block in self.blocks]  # type: ignore[union-attr]


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu-tanh": gelu_tanh,
    "relu2": relu_squared,
}


def _block(config: ModelConfig, *, cross: bool, banded: bool) -> Block:
    def attention(attend: type[Attend]) -> Attention:
        return Attention(
            config.width,
            config.heads,
            kv_heads=config.groups,
            bias=config.bias,
            qk_norm=partial(RMSNorm, config.head_width, config.norm_eps) if config.qk_norm else nn.Identity,
            attend=attend(config.attention_dropout),
        )

    if config.mlp == "swiglu":
        mlp = GatedMLP(config.width, config.hidden, bias=config.bias)
    else:
        mlp = MLP(config.width, config.hidden, activation=ACTIVATIONS[config.mlp], bias=config.bias)
    return Block(
        attention(BandedAttend if banded else Attend),
        mlp,
        norm=_norm(config),
        cross=attention(Attend) if cross else None,
        norm_first=config.norm_first,
        dropout=config.dropout,
    )


def _norm(config: ModelConfig) -> Callable[[], nn.Module]:
    if config.norm == "rms":
        return partial(RMSNorm, config.width, config.norm_eps)
    return partial(LayerNorm, config.width, config.norm_eps, bias=config.bias)


def _values(config: ModelConfig, vocab_size: int, from_last: int) -> nn.Module:
    """Every other layer has value embeddings, the last one (1 from_last) among them."""
    if config.value_embeddings and from_last % 2:
        return ValueEmbedding(vocab_size, config.groups * config.head_width)
    return NoValues()


def softcap(config: ModelConfig) -> nn.Module:
    """What comes after the head."""
    return nn.Identity() if config.logit_softcap is None else Softcap(config.logit_softcap)


def _positions(config: ModelConfig) -> nn.Module:
    if config.position == "learned":
        return Learned(config.context, config.width)
    if config.position == "rotary":
        scaling = vars(config.rope_scaling) if config.rope_scaling else None
        return Rotary(config.head_width, theta=config.rope_theta, scaling=scaling)
    return Sinusoidal(config.context, config.width, halves=config.position == "sinusoidal-halves")
