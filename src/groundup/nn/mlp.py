"""The position-wise feed-forward layer (Vaswani et al. 2017, section 3.3) and its gated form (Shazeer 2020)."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F


class MLP(nn.Module):
    """out(activation(into(x))): every position on its own, through a wider hidden layer."""

    def __init__(self, width: int, hidden: int, *, activation: Callable[[Tensor], Tensor], bias: bool = True):
        super().__init__()
        self.into = nn.Linear(width, hidden, bias=bias)
        self.out = nn.Linear(hidden, width, bias=bias)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.activation(self.into(x)))


class GatedMLP(nn.Module):
    """out(silu(gate(x)) * into(x)), the SwiGLU of LLaMA."""

    def __init__(self, width: int, hidden: int, *, bias: bool = False):
        super().__init__()
        self.gate = nn.Linear(width, hidden, bias=bias)
        self.into = nn.Linear(width, hidden, bias=bias)
        self.out = nn.Linear(hidden, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(F.silu(self.gate(x)) * self.into(x))
