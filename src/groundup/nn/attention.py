"""Multi-head attention (Vaswani et al. 2017, section 3.2.2) with grouped queries (Ainslie et al. 2023).

One class serves self-attention, where keys come from the same text, and cross-attention, where they come from another.
"""

from collections.abc import Callable

from torch import Tensor, nn

from groundup.nn.attend import Attend
from groundup.nn.cache import KVCache
from groundup.nn.masks import Mask
from groundup.nn.norms import unchanged
from groundup.nn.positions import Rotation, rotate


class Attention(nn.Module):
    """Project to heads, attend, project back.

    `kv_heads` < `heads` lets groups of query heads share one key/value head: the cache is smaller, with little loss.
    `qk_norm` makes one norm over a head's width for queries and one for keys, applied before rotation: scores then
    stay bounded, however large the weights are (Henry et al. 2020; Dehghani et al. 2023, section 2).
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        kv_heads: int | None = None,
        bias: bool = True,
        qk_norm: Callable[[], Callable[[Tensor], Tensor]] = lambda: unchanged,
        dropout: float = 0.0,
    ):
        super().__init__()
        kv_heads = kv_heads or heads
        assert width % heads == 0, (width, heads)
        assert heads % kv_heads == 0, (heads, kv_heads)
        self.head_width = width // heads
        self.query = nn.Linear(width, width, bias=bias)
        self.key = nn.Linear(width, kv_heads * self.head_width, bias=bias)
        self.value = nn.Linear(width, kv_heads * self.head_width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)
        self.query_norm, self.key_norm = qk_norm(), qk_norm()
        self.attend = Attend(dropout)

    def forward(
        self, x: Tensor, *, mask: Mask, rotation: Rotation | None = None, cache: KVCache | None = None
    ) -> Tensor:
        """Self-attention; x (B, T, C) -> (B, T, C). With a cache, x holds only the new tokens."""
        q, k, v = self.project(x)
        q, k = rotate(q, rotation), rotate(k, rotation)
        if cache is not None:
            k, v = cache.append(k, v)  # (B, G, S, D): those of the earlier tokens, too
        return self.join(self.attend(q, k, v, mask))

    def read(self, x: Tensor, memory: tuple[Tensor, Tensor], *, mask: Mask) -> Tensor:
        """Cross-attention; x (B, T, C) looks at the `keys_values` of another text -> (B, T, C)."""
        return self.join(self.attend(self.queries(x), *memory, mask))

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, H, T, D), keys and values (B, G, T, D) of x (B, T, C)."""
        return self.queries(x), *self.keys_values(x)

    def queries(self, x: Tensor) -> Tensor:
        return self.query_norm(self.split(self.query(x)))

    def keys_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.key_norm(self.split(self.key(x))), self.split(self.value(x))

    def split(self, x: Tensor) -> Tensor:
        """Into heads: (B, T, H * D) -> (B, H, T, D)."""
        return x.unflatten(-1, (-1, self.head_width)).transpose(1, 2)

    def join(self, x: Tensor) -> Tensor:
        """Out of heads and back into the stream: (B, H, T, D) -> (B, T, C)."""
        return self.out(x.transpose(1, 2).flatten(2))
