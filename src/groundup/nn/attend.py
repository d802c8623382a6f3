"""Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1): the equation, and the fast kernel.

    Attention(Q, K, V) = softmax(Q K^T / sqrt(D)) V

`attend_plainly` is the equation, `Attend` the module that blocks use: PyTorch's fused kernel on long texts, the
equation itself where that is faster; a test holds them equal. `Attend` has no parameters: it is a module only so that
a recorder can hook it and see the very q, k and mask it got (`groundup.look.record`).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.nn.dropout import dropout as drop
from groundup.nn.masks import Mask


def attention_weights(q: Tensor, k: Tensor, mask: Mask) -> Tensor:
    """How much each query looks at each key: softmax(q k^T / sqrt(D)) over the visible keys.

    A query that may see nothing gets zeros, as the kernel gives (a bare softmax would give NaN).

    Shapes: q (B, H, T, D), k (B, G, S, D) with G dividing H -> (B, H, T, S), rows summing to 1.
    """
    H, T, D = q.shape[1:]
    k = _repeat_heads(k, H)  # (B, H, S, D)
    scores = (q / math.sqrt(D)) @ k.transpose(-2, -1)  # (B, H, T, S)
    if not mask:
        return scores.softmax(dim=-1)
    hidden = ~mask.dense(T, k.shape[2], q.device)
    weights = scores.masked_fill(hidden, -torch.inf).softmax(dim=-1)
    if mask.allowed is None:
        return weights  # a causal query sees at least itself
    return weights.masked_fill(hidden.all(dim=-1, keepdim=True), 0.0)


def attend_plainly(q: Tensor, k: Tensor, v: Tensor, mask: Mask, *, dropout: float = 0.0) -> Tensor:
    """The equation as it stands in the paper; v (B, G, S, D) -> (B, H, T, D)."""
    return drop(attention_weights(q, k, mask), dropout) @ _repeat_heads(v, q.shape[1])


def _repeat_heads(x: Tensor, H: int) -> Tensor:
    """Give each query head its own copy of the key/value head it shares: (B, G, S, D) -> (B, H, S, D)."""
    return x if x.shape[1] == H else x.repeat_interleave(H // x.shape[1], dim=1)


class Attend(nn.Module):
    """Attention without parameters: q (B, H, T, D), k and v (B, G, S, D) -> (B, H, T, D)."""

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        self.dropout = dropout

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
        dropout = self.dropout if self.training else 0.0
        if _equation_is_faster(q, k):
            return attend_plainly(q, k, v, mask, dropout=dropout)
        return F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=mask.allowed,
            is_causal=mask.causal,
            dropout_p=dropout,
            # Under dynamic compile the comparison is symbolic; the kernel wants a plain bool.
            enable_gqa=True if q.shape[1] != k.shape[1] else False,  # noqa: SIM210
        )


def _equation_is_faster(q: Tensor, k: Tensor) -> bool:
    """Training on a CPU in bfloat16: the fused kernel's backward pass is slow there while (T, S) still fits the cache.

    Measured on two cores with AVX512-BF16, forward and backward, equation against kernel: 6.5 against 43 ms at
    T = S = 14 (256 rows, 4 heads), 25 against 48 ms at 256 (16 rows, 6 heads), 203 against 150 ms at 1,024.
    """
    return (
        q.device.type == "cpu"
        and q.dtype == torch.bfloat16
        and torch.is_grad_enabled()
        and q.shape[2] * k.shape[2] <= 512 * 512
    )
