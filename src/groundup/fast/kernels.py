"""Attention without a band, in the fastest of four ways: PyTorch's kernel, the equation, one query, or strips."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from groundup.fast.dropout import dropout as drop
from groundup.fast.strips import attend_in_strips
from groundup.nn.attend import repeat_heads
from groundup.nn.masks import Mask


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Mask, *, dropout: float = 0.0) -> Tensor:
    """`nn.attend.attend_plainly` for masks without a band: q (B, H, T, D), k and v (B, G, S, D) -> (B, H, T, D)."""
    if dropout == 0 and _strips_are_faster(q, mask):
        return attend_in_strips(q, k, v)
    if _one_query_is_faster(q, dropout):
        return attend_with_one_query(q, k, v, mask)
    if _equation_is_faster(q, k):
        return attend_by_equation(q, k, v, mask, dropout=dropout)
    return F.scaled_dot_product_attention(
        q,
        k,
        v,
        attn_mask=mask.allowed,
        is_causal=mask.causal,
        dropout_p=dropout,
        # Under dynamic compile the comparison is symbolic; the kernel needs a plain bool.
        enable_gqa=True if q.shape[1] != k.shape[1] else False,  # noqa: SIM210
    )


def attend_by_equation(q: Tensor, k: Tensor, v: Tensor, mask: Mask, *, dropout: float = 0.0) -> Tensor:
    """The equation, with a faster softmax and dropout."""
    H, T, D = q.shape[1:]
    scores = (q / math.sqrt(D)) @ repeat_heads(k, H).transpose(-2, -1)  # (B, H, T, S)
    if not mask:
        weights = _softmax(scores)
    else:
        hidden = ~mask.dense(T, k.shape[2], q.device)
        weights = _softmax(scores.masked_fill(hidden, -torch.inf))
        if mask.allowed is not None:  # with a triangle, every query sees at least itself
            weights = weights.masked_fill(hidden.all(dim=-1, keepdim=True), 0.0)
    return drop(weights, dropout) @ repeat_heads(v, H)


def _softmax(scores: Tensor) -> Tensor:
    """Softmax over the last axis, (..., S). On a CPU, short bfloat16 rows use float32: they do not fill vectors of 32.

    Measured on one core, with float32 and directly: 0.4 and 1.3 ms for (64, 4, 20, 20), 1.2 and 2.2 ms for
    (32, 4, 60, 60), but 1.0 and 0.6 ms for (8, 4, 128, 128).
    """
    if scores.device.type == "cpu" and scores.dtype == torch.bfloat16 and scores.shape[-1] < 64:
        return scores.softmax(dim=-1, dtype=torch.float32).to(scores.dtype)
    return scores.softmax(dim=-1)


def attend_with_one_query(q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
    """The equation for T = 1, on the whole buffers whose beginnings are k and v. No head is repeated."""
    (B, H, _, D), (G, S) = q.shape, k.shape[1:3]
    keys, values = _whole(k), _whole(v)  # (B * G, R, D), R >= S
    scores = torch.bmm((q / math.sqrt(D)).reshape(B * G, -1, D), keys.mT).view(B, H, 1, -1)
    if mask:
        hidden = F.pad(~mask.dense(1, S, q.device), (0, keys.shape[1] - S), value=True)
        weights = scores.masked_fill(hidden, -torch.inf).softmax(dim=-1).masked_fill(hidden, 0.0)
    else:
        scores[..., S:] = -torch.inf
        weights = scores.softmax(dim=-1)
    return torch.bmm(weights.view(B * G, -1, keys.shape[1]), values).view(B, H, 1, -1)


def _whole(x: Tensor) -> Tensor:
    """Return the buffer (B * G, R, D) whose beginning is x (B, G, S, D), as from `KVCache`; x itself if there is none.

    The product in bfloat16 copies a tensor with gaps: that would be the whole cache at every token.
    """
    B, G, S, D = x.shape
    R = x.stride(1) // D
    gaps_only = x.stride() == (G * R * D, R * D, D, 1) and R >= S
    if gaps_only and (x.storage_offset() + B * G * R * D) * x.itemsize <= x.untyped_storage().nbytes():
        return x.as_strided((B * G, R, D), (R * D, D, 1))
    return x.flatten(0, 1)


def _one_query_is_faster(q: Tensor, dropout: float) -> bool:
    """True for generation on a CPU.

    Measured with S = 320, 6 heads of 64, two cores, one query against kernel: in bfloat16 1.0 against 4.3 ms (32 rows);
    in float32 1.1 against 1.4 ms, but 0.08 against 0.07 ms for one row.
    """
    return (
        q.shape[2] == 1
        and not torch.compiler.is_compiling()  # a compiled graph has no storage
        and not torch.is_grad_enabled()
        and q.device.type == "cpu"
        and (q.dtype == torch.bfloat16 or (q.dtype == torch.float32 and q.shape[0] >= 8))
        and dropout == 0
    )


def _strips_are_faster(q: Tensor, mask: Mask) -> bool:
    """True for training on a CPU with the plain triangle, if the attention weights of a text are few enough to be kept.

    Measured on one core with AVX512-BF16, forward and backward, strips against kernel: in float32 69 against 76 ms at
    T = 256 (16 rows, 6 heads), 91 against 118 ms at 1,024 (2 rows); in bfloat16 36 against 89, and 60 against 97 ms.
    Not when compiled: a graph would have every strip of every layer, and does not keep the strides that strips need.
    """
    return (
        q.device.type == "cpu"
        and torch.is_grad_enabled()
        and not torch.compiler.is_compiling()
        and mask.causal
        and 128 <= q.shape[2] <= 1024
    )


def _equation_is_faster(q: Tensor, k: Tensor) -> bool:
    """True for training on a CPU in bfloat16: the kernel's backward pass is slow there while (T, S) fits the cache.

    Measured on two cores with AVX512-BF16, forward and backward, equation against kernel: 6.5 against 43 ms at
    T = S = 14 (256 rows, 4 heads), 25 against 48 ms at 256 (16 rows, 6 heads), 203 against 150 ms at 1,024.
    """
    return (
        q.device.type == "cpu"
        and q.dtype == torch.bfloat16
        and torch.is_grad_enabled()
        and q.shape[2] * k.shape[2] <= 512 * 512
    )
