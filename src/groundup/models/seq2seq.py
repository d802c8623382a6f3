"""The encoder-decoder of Vaswani et al. 2017: translation and dialogue."""

from torch import Tensor, nn

from groundup.config import ModelConfig
from groundup.fast.quicken import quicken
from groundup.models.init import initialise
from groundup.models.stack import Stack
from groundup.models.state import State
from groundup.nn.cache import KVCache
from groundup.nn.masks import Mask


class Seq2Seq(nn.Module):
    """An encoder `Stack`, a causal decoder `Stack` that reads it, and a head.

    Ties: "head" makes the output projection the decoder's embedding, "all" the encoder's embedding too (section 3.4).
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        if config.encoder_layers is None:
            raise ValueError("a Seq2Seq needs encoder_layers; without an encoder build a CausalLM")
        self.config = config
        source_size = config.source_vocab_size or config.vocab_size
        self.encoder = Stack(config, vocab_size=source_size, layers=config.encoder_layers, causal=False)
        self.decoder = Stack(config, vocab_size=config.vocab_size, layers=config.layers, causal=True, cross=True)
        self.head = nn.Linear(config.width, config.vocab_size, bias=False)
        if config.tied != "none":
            self.head.weight = self.decoder.embed.weight
        if config.tied == "all":
            self.encoder.embed.weight = self.decoder.embed.weight
        initialise(self, config)
        quicken(self)  # the same numbers, faster

    def forward(self, source: Tensor, target: Tensor, source_mask: Tensor | None = None) -> Tensor:
        """Logits (B, T, V) of each next target token.

        source (B, S), target (B, T) beginning with the start token, source_mask (B, S) False or 0 at padding.
        """
        return self.head(self.hidden(source, target, source_mask))

    def hidden(self, source: Tensor, target: Tensor, source_mask: Tensor | None = None) -> Tensor:
        """The hidden states (B, T, C), which the head reads; arguments as for `forward`."""
        return self.read(target, self._encode(source, source_mask))

    def begin(self, source: Tensor, source_mask: Tensor | None = None) -> State:
        """Encode the source once; the state keeps the keys and values that the decoder's blocks read."""
        state = self._encode(source, source_mask)
        state.caches = [KVCache() for _ in self.decoder.blocks]
        state.memory = [(k.contiguous(), v.contiguous()) for k, v in state.memory]  # every step reads all of it
        return state

    def read(self, ids: Tensor, state: State) -> Tensor:
        """The hidden states of the new target tokens ids (B, T), which the head reads: (B, T, C)."""
        return self.decoder(ids, state)

    def step(self, ids: Tensor, state: State) -> Tensor:
        """Read the new target tokens ids (B, T); return logits (B, V) of the token after them."""
        return self.head(self.read(ids, state)[:, -1])

    def _encode(self, source: Tensor, source_mask: Tensor | None) -> State:
        told = State(key_mask=source_mask)
        memory = self.decoder.keys_values(self.encoder(source, told))
        seen = Mask() if told.key_mask is None else Mask(allowed=told.key_mask[:, None, None, :])
        return State(memory=memory, memory_mask=seen)
