"""Your block inside the real model."""

from typing import Any

from torch import Tensor, nn

import groundup as gu

LAYERS = {
    "attention_norm": "attention_norm",
    "query": "attention.query",
    "key": "attention.key",
    "value": "attention.value",
    "out": "attention.out",
    "mlp_norm": "mlp_norm",
    "into": "mlp.into",
    "back": "mlp.out",
}
"""A layer of exercise 6 -> the layer of groundup.nn.block.Block that has the same weights."""


class InPlace(nn.Module):
    """Your block with the call of the package's: the model passes a mask, and you have your own.

    Your block keeps no keys and values. So where the package writes token by token, this keeps what went in, and your
    block reads all of it once more. That is slow and right, as long as no text of a batch is padded.
    """

    def __init__(self, block: nn.Module):
        super().__init__()
        self.block = block

    def forward(self, x: Tensor, *, mask: object, rotation: None = None, cache: Any = None) -> Tensor:
        if cache is None:
            return self.block(x)
        seen, _ = cache.append(x[:, None], x[:, None])  # (B, 1, S, C), all that went in so far
        return self.block(seen[:, 0])[:, -x.shape[1] :]


def with_blocks(model: gu.CausalLM, Block: Any) -> gu.CausalLM:
    """The model with your blocks, which begin with the weights of the package's."""
    for i, theirs in enumerate(model.stack.blocks):
        yours = Block(model.config.width, model.config.heads)
        for name, their_name in LAYERS.items():
            yours.get_submodule(name).load_state_dict(theirs.get_submodule(their_name).state_dict())
        model.stack.blocks[i] = InPlace(yours)
    return model
