"""Causal attention through a window in O(T * window) time and memory: the banded layers of GPT-3 (Child et al. 2019).

The text is cut into blocks as long as the window. A query then sees only its own block of keys and the one before, so
T / window small attentions of (window, 2 * window) replace one of (T, T):

    keys      . 0 1 2 3 4 5 6 7 8    window 3; the block before the first is padding, as is what follows the last
    block 0   . . . 0 1 2            queries 0 1 2
    block 1         0 1 2 3 4 5      queries 3 4 5
    block 2               3 4 5 6 7 8
"""

from functools import cache, lru_cache, partial
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from groundup.fast.kernels import attend
from groundup.nn.masks import Mask, visible, within


def attend_banded(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    window: int,
    keys: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """The equation with `visible(causal=True, window=window)` as its mask, without any (T, T) tensor.

    Shapes: q (B, H, T, D), k and v (B, G, T, D), keys (B, T) True at real keys -> (B, H, T, D).
    """
    B, _, T, _ = q.shape
    assert k.shape[2] == T, f"a band needs as many queries ({T}) as keys ({k.shape[2]})"
    real = q.new_ones(1, 1, T, 1, dtype=torch.bool) if keys is None else keys[:, None, :, None]
    real = _with_block_before(real, window)[:, :, 0, None, None, :, 0]  # (1 or B, N, 1, 1, 2w)
    at = torch.arange(2 * window, device=q.device)
    allowed = real & visible(at[window:], at, causal=True, window=window)  # (1 or B, N, 1, w, 2w)
    blocks = _blocks(q, window)  # (B, N, H, w, D), N = T / w rounded up
    out = attend(
        blocks.flatten(0, 1),
        _with_block_before(k, window).flatten(0, 1),
        _with_block_before(v, window).flatten(0, 1),
        Mask(allowed=allowed.expand(B, -1, -1, -1, -1).flatten(0, 1)),
        dropout=dropout,
    )  # (B * N, H, w, D)
    return out.view(blocks.shape).transpose(1, 2).flatten(2, 3)[:, :, :T]


def _blocks(x: Tensor, window: int) -> Tensor:
    """Cut x (B, H, T, D) into blocks; the last one is padded with zeros: (B, N, H, w, D)."""
    B, H, T, D = x.shape
    return F.pad(x, (0, 0, 0, -T % window)).view(B, H, -1, window, D).transpose(1, 2)


def _with_block_before(x: Tensor, window: int) -> Tensor:
    """Join each block of x (B, G, T, D) to the one before it; zeros come before the first: (B, N, G, 2w, D)."""
    blocks = _blocks(F.pad(x, (0, 0, window, 0)), window)  # (B, N + 1, G, w, D)
    return torch.cat([blocks[:, :-1], blocks[:, 1:]], dim=3)


def attend_flex(q: Tensor, k: Tensor, v: Tensor, *, window: int) -> Tensor:
    """The same on a GPU: PyTorch's compiled flex attention skips the tiles outside the band (Dong et al. 2024)."""
    return _compiled_flex()(
        q, k, v, block_mask=_block_mask(q.shape[2], window, q.device), enable_gqa=q.shape[1] != k.shape[1]
    )


def flex_knows(q: Tensor, mask: Mask, dropout: float) -> bool:
    """Whether `attend_flex` can be used: on a GPU, without padding or dropout, for heads that are not narrow."""
    return q.device.type == "cuda" and _compiles() and mask.keys is None and dropout == 0 and q.shape[3] >= 16


def band_mod(b: Tensor, h: Tensor, q_at: Tensor, k_at: Tensor, *, window: int) -> Tensor:
    """`within` in the form that flex attention requires."""
    return within(q_at - k_at, causal=True, window=window)


@lru_cache(maxsize=8)
def _block_mask(T: int, window: int, device: torch.device) -> Any:
    from torch.nn.attention.flex_attention import create_block_mask

    with torch.inference_mode(False):  # the result is cached, and a training may use it later
        return create_block_mask(partial(band_mod, window=window), None, None, T, T, device=device)


@cache
def _compiled_flex() -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention)


@cache
def _compiles() -> bool:
    """Whether triton is installed. It compiles for GPUs and is not part of every PyTorch."""
    return find_spec("triton") is not None
