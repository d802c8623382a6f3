"""One layer: self-attention, cross-attention if it has one, then the feed-forward layer."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from groundup.nn.attention import Attention
from groundup.nn.cache import KVCache
from groundup.nn.masks import Mask
from groundup.nn.positions import Rotation


class Block(nn.Module):
    """Residual branches on a stream x (B, T, C); `norm_first` is the only difference between 2017 and GPT-2.

    Post-norm, the 2017 paper: norm(x + branch(x)). Pre-norm, everything since GPT-2: x + branch(norm(x)), which keeps
    a clean path from input to output and trains without a long warm-up (Xiong et al. 2020).
    """

    def __init__(
        self,
        attention: Attention,
        mlp: nn.Module,
        *,
        norm: Callable[[], nn.Module],
        cross: Attention | None = None,
        norm_first: bool = True,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.attention, self.attention_norm = attention, norm()
        self.cross, self.cross_norm = (cross, norm()) if cross is not None else (None, None)
        self.mlp, self.mlp_norm = mlp, norm()
        self.norm_first = norm_first
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        *,
        mask: Mask,
        rotation: Rotation | None = None,
        cache: KVCache | None = None,
        memory: tuple[Tensor, Tensor] | None = None,
        memory_mask: Mask = Mask(),
    ) -> Tensor:
        """x (B, T, C) -> (B, T, C). memory: the keys and values of the cross-attention, (B, G, S, D) each."""
        x = self._residual(x, self.attention_norm, partial(self.attention, mask=mask, rotation=rotation, cache=cache))
        if self.cross is not None and self.cross_norm is not None:
            assert memory is not None, "a block with cross-attention needs the memory to read from"
            x = self._residual(x, self.cross_norm, partial(self.cross.read, memory=memory, mask=memory_mask))
        return self._residual(x, self.mlp_norm, self.mlp)

    def _residual(self, x: Tensor, norm: nn.Module, branch: Callable[[Tensor], Tensor]) -> Tensor:
        if self.norm_first:
            return x + self.dropout(branch(norm(x)))
        return norm(x + self.dropout(branch(x)))
