"""The loss by gathering logits."""

import torch


def shift(ids):
    return ids[:, : ids.shape[1] - 1], ids[:, 1:]


def loss(logits, targets, *, ignore=-100, smoothing=0.0):
    counted = targets != ignore
    logits, targets = logits[counted], targets[counted]
    total = torch.logsumexp(logits, dim=-1)
    right = logits.gather(1, targets[:, None])[:, 0]
    wanted = (1 - smoothing) * right + smoothing * logits.mean(dim=-1)
    return (total - wanted).sum() / len(targets)
