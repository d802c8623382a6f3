"""The block with PyTorch's kernel and one loop over heads."""

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        for name in ("query", "key", "value", "out"):
            setattr(self, name, nn.Linear(width, width))
        self.attention_norm = nn.LayerNorm(width)
        self.mlp_norm = nn.LayerNorm(width)
        self.into = nn.Linear(width, 4 * width)
        self.back = nn.Linear(4 * width, width)

    def forward(self, x):
        normed = self.attention_norm(x)
        parts = [layer(normed).chunk(self.heads, dim=-1) for layer in (self.query, self.key, self.value)]
        heads = [F.scaled_dot_product_attention(q, k, v, is_causal=True) for q, k, v in zip(*parts, strict=True)]
        x = x + self.out(torch.cat(heads, dim=-1))
        hidden = F.gelu(self.into(self.mlp_norm(x)), approximate="tanh")
        return x + self.back(hidden)
