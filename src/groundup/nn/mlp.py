"""The position-wise feed-forward layer (Vaswani et al. 2017, section 3.3) and its gated form (Shazeer 2020)."""

from torch import Tensor, nn
from torch.nn import functional as F


class SquaredReLU(nn.Module):
    """max(0, x)^2: a search over activations found that it trains language models faster (So et al. 2021, Primer)."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x).square()


class MLP(nn.Module):
    """out(activation(into(x))) for every position by itself, with a wider hidden layer; x (B, T, C) -> (B, T, C)."""

    def __init__(self, width: int, hidden: int, *, activation: nn.Module, bias: bool = True):
        super().__init__()
        self.into = nn.Linear(width, hidden, bias=bias)
        self.out = nn.Linear(hidden, width, bias=bias)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.activation(self.into(x)))


class GatedMLP(nn.Module):
    """out(silu(gate(x)) * into(x)), the SwiGLU of LLaMA; x (B, T, C) -> (B, T, C)."""

    def __init__(self, width: int, hidden: int, *, bias: bool = False):
        super().__init__()
        self.gate = nn.Linear(width, hidden, bias=bias)
        self.into = nn.Linear(width, hidden, bias=bias)
        self.out = nn.Linear(hidden, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        gate, into = self.project(x)
        return self.out(F.silu(gate) * into)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.gate(x), self.into(x)
