"""The encoder-decoder of Vaswani et al. 2017: translation and dialogue."""

from torch import Tensor, nn

from groundup.config import ModelConfig
from groundup.models.init import initialise
from groundup.models.stack import Stack, softcap
from groundup.models.state import State
from groundup.nn.cache import KVCache
from groundup.nn.linear import Linear
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
        self.head = Linear(config.width, config.vocab_size, bias=False)
        self.cap = softcap(config)
        if config.tied != "none":
            self.head.weight = self.decoder.embed.weight
        if config.tied == "all":
            self.encoder.embed.weight = self.decoder.embed.weight
        initialise(self, config)

    def forward(self, source: Tensor, target: Tensor, source_mask: Tensor | None = None) -> Tensor:
        """Logits (B, T, V) of each next target token.

        source (B, S), target (B, T) beginning with the start token, source_mask (B, S) False at padding.
        """
        state = self.begin(source, source_mask)
        return self.cap(self.head(self.decoder(target, memory=state.memory, memory_mask=state.memory_mask)))

    def begin(self, source: Tensor, source_mask: Tensor | None = None) -> State:
        """Encode the source once; what the decoder's blocks read of it is kept in the state."""
        memory = self.encoder(source, key_mask=source_mask)  # (B, S, C)
        seen = Mask() if source_mask is None else Mask(allowed=source_mask[:, None, None, :])
        return State(
            [KVCache() for _ in self.decoder.blocks],
            memory=self.decoder.keys_values(memory),
            memory_mask=seen,
        )

    def step(self, ids: Tensor, state: State) -> Tensor:
        """Read the new target tokens ids (B, T); logits (B, V) of the one after them."""
        x = self.decoder(ids, caches=state.caches, memory=state.memory, memory_mask=state.memory_mask)
        return self.cap(self.head(x[:, -1]))
