"""Causal attention for training on a CPU: in strips of queries, so that little is computed outside the triangle.

The queries a .. b of one strip see no key from b on. So a strip is a product with the first b keys only, and only its
last, square part needs a mask. With four strips, this is 5/8 of the work of the full square:

    keys      0 1 2 3 4 5 6 7    strips of two
    0 1       . .
    2 3       . . . .
    4 5       . . . . . .
    6 7       . . . . . . . .
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

STRIP = 64
"""Queries in a strip; with fewer, the products would be too small."""


def attend_in_strips(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """`attend_plainly` with a causal mask: q (B, H, T, D), k and v (B, G, T, D) -> (B, H, T, D)."""
    assert q.shape[2] == k.shape[2], f"the triangle needs as many queries ({q.shape[2]}) as keys ({k.shape[2]})"
    return _Strips.apply(q, k, v)  # pyright: ignore[reportReturnType]


class _Strips(torch.autograd.Function):
    """Query heads that share a key/value head are further rows of its products: N = B * G products, R = H / G."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        (B, H, T, D), G = q.shape, k.shape[1]
        q = torch.mul(q, 1 / math.sqrt(D), out=q.new_empty(q.shape)).view(B * G, -1, T, D)  # (N, R, T, D)
        k, v = k.reshape(B * G, T, D), v.reshape(B * G, T, D)
        ahead = q.new_full((STRIP, STRIP), -math.inf).triu_(1)
        out = q.new_empty(B, T, G, H // G, D)  # in the layout that the output projection reads
        weights = []
        for a, b in _strips(T):
            scores = (q[:, :, a:b].flatten(1, 2) @ k[:, :b].mT).unflatten(1, (-1, b - a))  # (N, R, b - a, b)
            scores[..., a:] += ahead[: b - a, : b - a]
            weights.append(scores.softmax(dim=-1).flatten(1, 2))  # (N, R * (b - a), b)
            out[:, a:b] = (weights[-1] @ v[:, :b]).view(B, G, -1, b - a, D).permute(0, 3, 1, 2, 4)
        ctx.save_for_backward(q, k, v, *weights)
        return out.flatten(2, 3).transpose(1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]
        q, k, v, *weights = ctx.saved_tensors
        (B, H, T, D), upstream = upstream.shape, upstream.reshape(q.shape)
        to_q, to_k, to_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for (a, b), weight in zip(_strips(T), weights, strict=True):
            queries, above = q[:, :, a:b].flatten(1, 2), upstream[:, :, a:b].flatten(1, 2)  # (N, R * (b - a), D)
            # The gradient of a softmax p, p * (g - sum(g * p)), in one pass.
            scores = torch._softmax_backward_data(above @ v[:, :b].mT, weight, -1, weight.dtype)  # pyright: ignore[reportPrivateImportUsage]
            to_v[:, :b].baddbmm_(weight.mT, above)
            to_k[:, :b].baddbmm_(scores.mT, queries)
            to_q[:, :, a:b] = (scores @ k[:, :b]).unflatten(1, (-1, b - a))
        to_q *= 1 / math.sqrt(D)
        return to_q.view(B, H, T, D), to_k.view(B, -1, T, D), to_v.view(B, -1, T, D)


def _strips(T: int) -> Iterator[tuple[int, int]]:
    return ((a, min(a + STRIP, T)) for a in range(0, T, STRIP))
