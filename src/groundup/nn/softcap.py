"""A soft limit on logits (Gemma Team 2024, Gemma 2, section 2)."""

from torch import Tensor, nn


class Softcap(nn.Module):
    """cap * tanh(x / cap): nearly x while |x| is small against the cap, never beyond it."""

    def __init__(self, cap: float):
        super().__init__()
        self.cap = cap

    def forward(self, x: Tensor) -> Tensor:
        return (x / self.cap).tanh() * self.cap
