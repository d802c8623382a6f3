"""Dropout (Srivastava et al. 2014): while training, each number is zero with probability p, the rest are scaled up."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def dropout(x: Tensor, p: float) -> Tensor:
    """Zero a share p of the numbers in x and divide the others by 1 - p, so that the expectation stays the same.

    On a CPU torch draws one random number for each element, which costs more than a small model's matrix products. So
    one 64-bit draw serves eight elements, a byte each. p is then a multiple of 1/256 (0.1 becomes 26/256 = 0.1016).
    """
    if p == 0:
        return x
    if x.device.type != "cpu" or not 1 / 64 <= p <= 63 / 64:
        return F.dropout(x, p)
    threshold = round(p * 256)
    draws = torch.randint(-(2**63), 2**63 - 1, ((x.numel() + 7) // 8,), dtype=torch.int64)
    kept = draws.view(torch.uint8)[: x.numel()].view(x.shape) >= threshold
    return (
        x * kept * (256 / (256 - threshold))
    )  # multiply by the factor last: rounded to bfloat16 by itself, it would be 0.3% wrong


class QuickDropout(nn.Dropout):
    """The fast `nn.Dropout`."""

    def forward(self, input: Tensor) -> Tensor:
        return dropout(input, self.p) if self.training else input
