"""Attention with exponentials written out."""

import torch


def attention(q, k, v, allowed=None):
    scores = torch.einsum("td,sd->ts", q, k) * k.shape[1] ** -0.5
    powers = (scores - scores.amax(dim=1, keepdim=True)).exp()
    if allowed is not None:
        scores = torch.where(allowed, scores, torch.tensor(-1e30))
        powers = (scores - scores.amax(dim=1, keepdim=True)).exp() * allowed
    total = powers.sum(dim=1, keepdim=True)
    return powers @ v / total.clamp(min=1e-30)
