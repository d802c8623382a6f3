"""Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1): the equation, and PyTorch's kernel for it.

    Attention(Q, K, V) = softmax(Q K^T / sqrt(D)) V

`attend_plainly` is the equation, `Attend` the module that blocks use; tests compare them. `Attend` has no parameters:
it is a module only so that a recorder can hook it and see its q, k and mask.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.nn.masks import Mask


def attention_weights(q: Tensor, k: Tensor, mask: Mask) -> Tensor:
    """How much each query looks at each key: softmax(q k^T / sqrt(D)) over the visible keys.

    A query that may see nothing gets zeros, as the kernel gives (a bare softmax would give NaN).

    Shapes: q (B, H, T, D), k (B, G, S, D) with G dividing H -> (B, H, T, S), rows summing to 1.
    """
    H, T, D = q.shape[1:]
    scores = (q / math.sqrt(D)) @ repeat_heads(k, H).transpose(-2, -1)  # (B, H, T, S)
    if not mask:
        return scores.softmax(dim=-1)
    hidden = ~mask.dense(T, k.shape[2], q.device)
    weights = scores.masked_fill(hidden, -torch.inf).softmax(dim=-1)
    return weights.masked_fill(hidden.all(dim=-1, keepdim=True), 0.0)


def attend_plainly(q: Tensor, k: Tensor, v: Tensor, mask: Mask, *, dropout: float = 0.0) -> Tensor:
    """The equation of the paper; v (B, G, S, D) -> (B, H, T, D)."""
    return F.dropout(attention_weights(q, k, mask), dropout) @ repeat_heads(v, q.shape[1])


def repeat_heads(x: Tensor, H: int) -> Tensor:
    """Give each query head its own copy of the key/value head it shares: (B, G, S, D) -> (B, H, S, D)."""
    return x if x.shape[1] == H else x.repeat_interleave(H // x.shape[1], dim=1)


class Attend(nn.Module):
    """Attention without parameters: q (B, H, T, D), k and v (B, G, S, D) -> (B, H, T, D)."""

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        self.dropout = dropout

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
        return F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=mask.tensor(q.shape[2], k.shape[2], q.device),
            is_causal=mask.triangle,
            dropout_p=self.dropout if self.training else 0.0,
            enable_gqa=q.shape[1] != k.shape[1],
        )
