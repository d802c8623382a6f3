"""The decoder-only language model: GPT-2, GPT-3 and LLaMA 1, 2, 3 are rows of `groundup.presets`."""

from torch import Tensor, nn

from groundup.config import ModelConfig
from groundup.fast.quicken import quicken
from groundup.models.init import initialise
from groundup.models.stack import Stack
from groundup.models.state import State
from groundup.nn.cache import KVCache


class CausalLM(nn.Module):
    """A causal `Stack` and a head: ids (B, T) -> logits of each next token (B, T, V)."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        if config.encoder_layers is not None:
            raise ValueError(f"encoder_layers ({config.encoder_layers}) makes a Seq2Seq, not a CausalLM")
        self.config = config
        self.stack = Stack(config, vocab_size=config.vocab_size, layers=config.layers, causal=True)
        self.head = nn.Linear(config.width, config.vocab_size, bias=False)
        if config.tied != "none":
            self.head.weight = self.stack.embed.weight
        initialise(self, config)
        quicken(self)  # the same numbers, faster

    def forward(self, ids: Tensor, mask: Tensor | None = None, documents: Tensor | None = None) -> Tensor:
        """Logits (B, T, V). mask (B, T): False or 0 at padding, on either side; positions count real tokens only.

        documents (B, T): numbers of the documents in a row; a token sees only its own document. Positions continue.
        """
        return self.head(self.hidden(ids, mask, documents))

    def hidden(self, ids: Tensor, mask: Tensor | None = None, documents: Tensor | None = None) -> Tensor:
        """The hidden states (B, T, C), which the head reads; arguments as for `forward`."""
        return self.read(ids, State(key_mask=mask, documents=documents))

    def begin(self, rows: int = 1, *, prompt_mask: Tensor | None = None) -> State:
        """An empty state for `rows` texts; prompt_mask (B, T0), False or 0 at the padding on the left of prompts."""
        assert prompt_mask is None or prompt_mask.shape[0] == rows, "one mask row per text"
        return State([KVCache() for _ in self.stack.blocks], prompt_mask)

    def read(self, ids: Tensor, state: State) -> Tensor:
        """The hidden states of the new tokens ids (B, T), which the head reads: (B, T, C)."""
        return self.stack(ids, state)

    def step(self, ids: Tensor, state: State) -> Tensor:
        """Read the new tokens ids (B, T); return logits (B, V) of the token after them."""
        return self.head(self.read(ids, state)[:, -1])
