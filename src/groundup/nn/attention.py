"""Multi-head attention (Vaswani et al. 2017, section 3.2.2) with grouped queries (Ainslie et al. 2023).

One class serves self-attention, where keys come from the same text, and cross-attention, where they come from another.
"""

from collections.abc import Callable

from torch import Tensor, nn

from groundup.nn.attend import Attend
from groundup.nn.cache import KVCache
from groundup.nn.linear import Linear, together
from groundup.nn.masks import Mask
from groundup.nn.positions import Rotation, rotate


class Attention(nn.Module):
    """Project to heads, attend, project back.

    `kv_heads` < `heads` lets groups of query heads share one key/value head: a smaller cache, little lost.
    `qk_norm` makes a norm over one head's width for the queries and one for the keys, applied before they are turned:
    scores then stay bounded however large the weights grow (Henry et al. 2020; Dehghani et al. 2023, section 2).
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        kv_heads: int | None = None,
        bias: bool = True,
        qk_norm: Callable[[], nn.Module] = nn.Identity,
        attend: Attend | None = None,
    ):
        super().__init__()
        kv_heads = kv_heads or heads
        assert width % heads == 0, (width, heads)
        assert heads % kv_heads == 0, (heads, kv_heads)
        self.head_width = width // heads
        self.query = Linear(width, width, bias=bias)
        self.key = Linear(width, kv_heads * self.head_width, bias=bias)
        self.value = Linear(width, kv_heads * self.head_width, bias=bias)
        self.out = Linear(width, width, bias=bias)
        self.query_norm, self.key_norm = qk_norm(), qk_norm()
        self.attend = attend or Attend()

    def forward(
        self,
        x: Tensor,
        *,
        mask: Mask,
        rotation: Rotation | None = None,
        cache: KVCache | None = None,
        values: Tensor | None = None,
    ) -> Tensor:
        """Self-attention; x (B, T, C) -> (B, T, C). With a cache, x holds only the new tokens.

        values (B, T, G * D): added to the values made of x (`groundup.nn.values`).
        """
        q, k, v = together(x, *self.siblings)
        keys_values = self._shown(k, v, rotation, values)
        if cache is not None:
            keys_values = cache.append(*keys_values)
        return self._look(q, keys_values, mask, rotation)

    @property
    def siblings(self) -> tuple[nn.Module, ...]:
        """The layers that read the same x in self-attention."""
        return self.query, self.key, self.value

    def read(
        self, x: Tensor, keys_values: tuple[Tensor, Tensor], *, mask: Mask, rotation: Rotation | None = None
    ) -> Tensor:
        """Let x (B, T, C) look at keys and values (B, G, S, D) made before -> (B, T, C)."""
        return self._look(self.query(x), keys_values, mask, rotation)

    def keys_values(
        self, x: Tensor, rotation: Rotation | None = None, values: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What x (B, S, C) shows to queries: keys and values, each (B, G, S, D)."""
        return self._shown(self.key(x), self.value(x), rotation, values)

    def _look(self, q: Tensor, keys_values: tuple[Tensor, Tensor], mask: Mask, rotation: Rotation | None) -> Tensor:
        q = rotate(self.query_norm(self._heads(q)), rotation)  # (B, H, T, D)
        return self.out(self.attend(q, *keys_values, mask).transpose(1, 2).flatten(2))

    def _shown(self, k: Tensor, v: Tensor, rotation: Rotation | None, values: Tensor | None) -> tuple[Tensor, Tensor]:
        if values is not None:
            v = v + values.to(v.dtype)
        return rotate(self.key_norm(self._heads(k)), rotation), self._heads(v)

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], -1, self.head_width).transpose(1, 2)
