"""The decoder-only language model: GPT-2, GPT-3 and LLaMA 1, 2, 3 are rows of `groundup.presets`."""

import torch
from torch import Tensor, nn

from groundup.config import ModelConfig
from groundup.models.init import initialise
from groundup.models.stack import Stack, softcap
from groundup.models.state import State
from groundup.nn.cache import KVCache
from groundup.nn.linear import Linear


class CausalLM(nn.Module):
    """A causal `Stack` and a head: ids (B, T) -> logits of each next token (B, T, V)."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        if config.encoder_layers is not None:
            raise ValueError(f"encoder_layers ({config.encoder_layers}) makes a Seq2Seq, not a CausalLM")
        self.config = config
        self.stack = Stack(config, vocab_size=config.vocab_size, layers=config.layers, causal=True)
        self.head = Linear(config.width, config.vocab_size, bias=False)
        self.cap = softcap(config)
        if config.tied != "none":
            self.head.weight = self.stack.embed.weight
        initialise(self, config)

    def forward(self, ids: Tensor, mask: Tensor | None = None, documents: Tensor | None = None) -> Tensor:
        """Logits (B, T, V). mask (B, T): False or 0 at padding; positions count real tokens only, so the side is free.

        documents (B, T): numbers of the documents that share a row; a token sees its own alone. Positions run on.
        """
        return self.cap(self.head(self.hidden(ids, mask, documents)))

    def hidden(self, ids: Tensor, mask: Tensor | None = None, documents: Tensor | None = None) -> Tensor:
        """What the head reads (B, T, C); arguments as for `forward`."""
        mask = None if mask is None else mask.bool()
        at = None if mask is None else (mask.cumsum(dim=1) - 1).clamp(min=0)
        return self.stack(ids, at=at, key_mask=mask, documents=documents)

    def begin(self, rows: int = 1, *, prompt_mask: Tensor | None = None) -> State:
        """An empty state for `rows` texts; prompt_mask (B, T0), False or 0 at the padding on the left of prompts."""
        assert prompt_mask is None or prompt_mask.shape[0] == rows, "one mask row per text"
        mask = None if prompt_mask is None else prompt_mask.bool()
        return State([KVCache() for _ in self.stack.blocks], mask)

    def step(self, ids: Tensor, state: State) -> Tensor:
        """Read the new tokens ids (B, T); logits (B, V) of the one after them."""
        T = ids.shape[1]
        x = self.stack(ids, at=state.positions(T), key_mask=state.key_mask(T), caches=state.caches)
        return self.cap(self.head(x[:, -1]))


def count_parameters(model: nn.Module) -> int:
    """All numbers, frozen ones too, tied ones once. Also on the meta device, for models that fit no memory here."""
    return sum(p.numel() for p in model.parameters())


def on_meta(config: ModelConfig) -> nn.Module:
    """The model without storage: shapes and counts only."""
    from groundup.models.seq2seq import Seq2Seq

    with torch.device("meta"):
        return CausalLM(config) if config.encoder_layers is None else Seq2Seq(config)
