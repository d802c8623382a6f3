"""The caches and padding masks of transformers, as our stacks ask for them."""

from dataclasses import fields
from typing import Any

from torch import Tensor
from transformers import Cache, DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import CausalLMOutputWithPast

from groundup.models.stack import Stack
from groundup.nn.cache import KVCache

CACHE = "cache" if "cache" in {field.name for field in fields(CausalLMOutputWithPast)} else "past_key_values"
"""The name of the cache in what a model returns: transformers 5.24 changed it."""


class LayerCache(KVCache):
    """One layer of a transformers cache, with the two things that attention and `State` ask of a `KVCache`."""

    def __init__(self, cache: Cache, layer: int):
        self._cache, self._layer = cache, layer

    @property
    def length(self) -> int:  # type: ignore[override]
        return int(self._cache.get_seq_length(self._layer))

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        return self._cache.update(k, v, self._layer)


def layer_caches(cache: Cache | None, layers: int) -> list[LayerCache]:
    """One for each block; none where there is no cache. ValueError for a cache whose length is fixed."""
    if cache is None:
        return []
    if isinstance(cache, EncoderDecoderCache):
        cache = cache.self_attention_cache
    if getattr(cache, "is_compileable", False):
        raise ValueError("a cache of fixed length is not read here; leave cache_implementation out, or take 'dynamic'")
    return [LayerCache(cache, layer) for layer in range(layers)]


def cross_memory(decoder: Stack, encoded: Tensor, cache: Cache | None) -> list[tuple[Tensor, Tensor]]:
    """What each block's cross-attention reads of encoded (B, S, C), made once for a source and kept in the cache."""
    if not isinstance(cache, EncoderDecoderCache):
        return decoder.keys_values(encoded)
    kept, made = cache.cross_attention_cache, cache.is_updated
    if not all(made.get(layer) for layer in range(len(decoder.blocks))):
        for layer, (k, v) in enumerate(decoder.keys_values(encoded)):
            kept.update(k, v, layer)
            made[layer] = True
    layers: list[Any] = kept.layers
    return [(layers[layer].keys, layers[layer].values) for layer in range(len(decoder.blocks))]


def new_cache(config, *, cross: bool = False) -> Cache:
    """An empty cache that grows."""
    if not cross:
        return DynamicCache(config=config)
    return EncoderDecoderCache(DynamicCache(config=config), DynamicCache(config=config))


def key_mask(attention_mask: Tensor | None) -> Tensor | None:
    """bool (B, S), or None where nothing is padding: then no mask is needed, and positions count up from 0."""
    if attention_mask is None:
        return None
    if attention_mask.ndim != 2:
        raise ValueError(
            f"attention_mask {tuple(attention_mask.shape)} must be (rows, tokens): 1 at tokens, 0 at padding"
        )
    mask = attention_mask.bool()
    return None if bool(mask.all()) else mask
