"""Exercise 6: the block of GPT-2 (handbook, chapter 6). Fill in the class; then run `make exercise N=6`.

When the check is content, `python exercises/your_block.py` trains a real model that is made of your blocks.
"""

from torch import Tensor, nn


class Block(nn.Module):
    """x + attention(norm(x)), and then the same with the feed-forward; causal; x (B, T, C) -> (B, T, C).

    Its layers have these names, so that weights can be copied into it:
    attention_norm, mlp_norm: nn.LayerNorm(width)
    query, key, value, out: nn.Linear(width, width)
    into: nn.Linear(width, 4 * width); back: nn.Linear(4 * width, width), with GELU between, approximate="tanh"
    Head h has the numbers h * D .. (h + 1) * D - 1 of query, key and value, D = width / heads.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError
