"""Positions of tokens: sinusoidal and learned tables added to the input, or rotary angles applied to q and k.

Every kind is a module with the same call, so the model need not know which one it has:

    x, rotation = positions(x, at)      x (B, T, C), at (T,) or (B, T) integer positions

Tables return `rotation = None`; `Rotary` returns x unchanged and the (cos, sin) that `rotate` takes.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn


def sinusoidal_table(context: int, width: int, *, halves: bool = False) -> Tensor:
    """The fixed table of Vaswani et al. 2017, section 3.5: sines and cosines of wavelengths 2 pi .. 20,000 pi.

    The paper's text interleaves them, PE[p, 2i] = sin(p / 10000^(2i/C)) and PE[p, 2i+1] = cos(the same). The authors'
    own code, fairseq and Marian put all sines first, then all cosines: `halves=True`. One is a fixed permutation of
    the other's columns, so neither is better; a trained model must keep the one it was trained with.

    Shape: (context, width), float32, computed in float64.
    """
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (-math.log(10000.0) / width))
    angle = torch.arange(context, dtype=torch.float64)[:, None] * rate  # (context, width / 2)
    waves = [angle.sin(), angle.cos()]
    table = torch.cat(waves, dim=1) if halves else torch.stack(waves, dim=2).flatten(1)
    return table.float()


class Sinusoidal(nn.Module):
    """Adds the fixed table, which is neither learned nor stored in checkpoints."""

    table: Tensor

    def __init__(self, context: int, width: int, *, halves: bool = False):
        super().__init__()
        self.register_buffer("table", sinusoidal_table(context, width, halves=halves), persistent=False)

    def forward(self, x: Tensor, at: Tensor) -> tuple[Tensor, None]:
        return x + self.table[at].to(x.dtype), None


class Learned(nn.Module):
    """Adds one learned vector for each position (Radford et al. 2018)."""

    def __init__(self, context: int, width: int):
        super().__init__()
        self.table = nn.Embedding(context, width)

    def forward(self, x: Tensor, at: Tensor) -> tuple[Tensor, None]:
        return x + self.table(at), None


class Rotation(NamedTuple):
    """Cosines and sines of every angle for both halves, the first half of the sines negated: (T, D) or (B, 1, T, D)."""

    cos: Tensor
    sin: Tensor


def rotate(x: Tensor, rotation: Rotation | None) -> Tensor:
    """Rotate each pair (x[i], x[i + D/2]) by its angle (Su et al. 2021, in the half-split pairing of Hugging Face).

    The dot product of two rotated vectors depends only on their distance. x (B, H, T, D).
    """
    if rotation is None:
        return x
    cos, sin = rotation.cos.to(x.dtype), rotation.sin.to(x.dtype)
    swapped = x.roll(x.shape[-1] // 2, dims=-1)
    return torch.addcmul(x * cos, swapped, sin)


def scale_frequencies(frequencies: Tensor, *, factor: float, low: float, high: float, original_context: int) -> Tensor:
    """LLaMA 3.1's extension to longer contexts: slow waves are slowed by `factor`, fast ones kept, the rest blended.

    A wave is fast when it turns more than `high` times within the original context, slow when fewer than `low`.
    """
    # The order of operations gives the same bits as Hugging Face; long positions multiply any difference.
    turns = original_context / (2 * math.pi / frequencies)
    keep = ((turns - low) / (high - low)).clamp(0, 1)  # 1 fast .. 0 slow
    return (1 - keep) * frequencies / factor + keep * frequencies


class Rotary(nn.Module):
    """Rotary position embedding. Rates and angles are computed in float32 when they are needed, never stored.

    A buffer would be rounded with the model: bfloat16 rates are wrong by whole turns after a few thousand tokens.
    """

    def __init__(self, head_width: int, *, theta: float = 10000.0, scaling: dict | None = None):
        super().__init__()
        self.head_width, self.theta, self.scaling = head_width, theta, scaling

    def frequencies(self, device: torch.device) -> Tensor:
        """The radians per token, (D / 2,)."""
        # float32 throughout, as Hugging Face computes it: in float64 long positions would differ by more than 1e-5.
        pair = torch.arange(0, self.head_width, 2, device=device).float()
        frequencies = 1.0 / self.theta ** (pair / self.head_width)
        return frequencies if self.scaling is None else scale_frequencies(frequencies, **self.scaling)

    def forward(self, x: Tensor, at: Tensor) -> tuple[Tensor, Rotation]:
        angle = at[..., None].float() * self.frequencies(at.device)  # (..., T, D / 2)
        if at.ndim == 2:
            angle = angle[:, None]  # (B, 1, T, D / 2): the same for every head
        cos, sin = angle.cos(), angle.sin()
        # Rounded here, once for all layers. In mixed precision x is still float32 here, and so are the angles.
        return x, Rotation(torch.cat([cos, cos], dim=-1).to(x.dtype), torch.cat([-sin, sin], dim=-1).to(x.dtype))
