"""Normalisation over the model width: LayerNorm (Ba et al. 2016) and RMSNorm (Zhang & Sennrich 2019).

LayerNorm is PyTorch's own, `nn.LayerNorm`; its equation is here for the reader, and a test compares the two.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def layer_norm_plainly(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """weight * (x - mean) / sqrt(variance + eps) + bias, statistics over the last axis; x (..., C)."""
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.pow(2).mean(dim=-1, keepdim=True)
    return weight * centred / torch.sqrt(variance + eps) + bias


def rms_norm_plainly(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """weight * x / sqrt(mean(x^2) + eps) over the last axis: LayerNorm without centring and shift; x (..., C)."""
    return weight * x / torch.sqrt(x.pow(2).mean(dim=-1, keepdim=True) + eps)


class RMSNorm(nn.Module):
    """`rms_norm_plainly` by PyTorch's own operation, with a learned weight."""

    def __init__(self, width: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        # In mixed precision PyTorch may return float32; queries and keys must keep the type of the values.
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps).to(x.dtype)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}"


def unchanged(x: Tensor) -> Tensor:
    """Return x: used for a norm that a model does not have."""
    return x
