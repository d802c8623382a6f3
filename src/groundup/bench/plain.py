"""The 2017 Transformer from PyTorch's own modules: an embedding, sinusoids, `nn.Transformer` and a tied head."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


class Plain(nn.Module):
    """source (B, S), target (B, T) -> logits (B, T, V); dropout 0.1, embeddings and head one matrix."""

    table: Tensor
    hidden: Tensor

    def __init__(self, *, layers: int, width: int, heads: int, vocab_size: int, context: int):
        super().__init__()
        self.scale = math.sqrt(width)
        self.embed = nn.Embedding(vocab_size, width)
        self.dropout = nn.Dropout(0.1)
        self.transformer = nn.Transformer(width, heads, layers, layers, 4 * width, dropout=0.1, batch_first=True)
        # The paper's stacks end with their last layer; PyTorch adds a norm after each stack.
        self.transformer.encoder.norm = self.transformer.decoder.norm = None
        self.head = nn.Linear(width, vocab_size, bias=False)
        self.head.weight = self.embed.weight
        nn.init.normal_(self.embed.weight, std=width**-0.5)
        self.register_buffer("table", sinusoids(context, width), persistent=False)
        self.register_buffer("hidden", nn.Transformer.generate_square_subsequent_mask(context), persistent=False)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        T = target.shape[1]
        said = self.transformer(
            self._embedded(source), self._embedded(target), tgt_mask=self.hidden[:T, :T], tgt_is_causal=True
        )
        return self.head(said)

    def _embedded(self, ids: Tensor) -> Tensor:
        return self.dropout(self.embed(ids) * self.scale + self.table[: ids.shape[1]])


def sinusoids(context: int, width: int) -> Tensor:
    """Return a table (context, width): sines in even columns, cosines in odd ones (section 3.5 of the paper)."""
    at = torch.arange(context)[:, None] * 10_000 ** (-torch.arange(0, width, 2) / width)
    return torch.stack([at.sin(), at.cos()], dim=-1).flatten(1)


@dataclass(frozen=True)
class Sentences:
    """A batch of random sentences of one length, in the form that the training loop takes."""

    inputs: tuple[Tensor | None, ...]
    targets: Tensor


def batch(vocab_size: int, rows: int, length: int) -> Sentences:
    """Return the same random ids at every call: source, target and next tokens, (rows, length) each."""
    draw = torch.Generator().manual_seed(0)
    source, target, following = torch.randint(vocab_size, (3, rows, length), generator=draw)
    return Sentences((source, target, None), following)
