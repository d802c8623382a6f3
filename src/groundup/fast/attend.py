"""`Attend`, computed in the fastest of several ways."""

from torch import Tensor

from groundup.fast.banded import attend_banded, attend_flex, flex_knows
from groundup.fast.kernels import attend
from groundup.nn.attend import Attend
from groundup.nn.masks import Mask


class QuickAttend(Attend):
    """The fast `Attend`."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
        dropout = self.dropout if self.training else 0.0
        if mask.window is None:
            return attend(q, k, v, mask, dropout=dropout)
        if flex_knows(q, mask, dropout):
            return attend_flex(q, k, v, window=mask.window)
        return attend_banded(q, k, v, window=mask.window, keys=mask.keys, dropout=dropout)
