"""Value embeddings: what a token says to those who look at it, straight from its id, past everything before the layer.

Deep layers lose sight of the tokens themselves; values carried over from the first layer help (Zhou et al. 2024, value
residual learning), and values looked up by the token's id help as much without tying one layer to another (the form of
the modded-nanogpt speed runs). Every kind is a module with the same call, as positions are:

    values = module(ids)      ids (B, T) -> (B, T, G * D) to add to the values made of x, or None
"""

from torch import Tensor, nn


class ValueEmbedding(nn.Module):
    """One vector for each token of the vocabulary, as wide as the layer's values together."""

    def __init__(self, vocab_size: int, width: int):
        super().__init__()
        self.table = nn.Embedding(vocab_size, width)

    def forward(self, ids: Tensor) -> Tensor:
        return self.table(ids)


class NoValues(nn.Module):
    """The layer has none."""

    def forward(self, ids: Tensor) -> None:
        return None
