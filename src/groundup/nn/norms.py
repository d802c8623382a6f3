"""Normalisation over the model width: LayerNorm (Ba et al. 2016) and RMSNorm (Zhang & Sennrich 2019)."""

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


class LayerNorm(nn.Module):
    """`layer_norm_plainly` in one fused kernel, with its learned weight (and bias)."""

    def __init__(self, width: int, eps: float = 1e-5, *, bias: bool = True):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


class RMSNorm(nn.Module):
    """`rms_norm_plainly` as PyTorch's own operation, with its learned weight."""

    def __init__(self, width: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)
