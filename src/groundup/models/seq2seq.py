"""The encoder-decoder of Vaswani et al. 2017: translation and dialogue."""

import torch
from torch import Tensor, nn

from groundup.config import ModelConfig
from groundup.models.init import initialise
from groundup.models.stack import Stack, softcap
from groundup.models.state import BeamState, State
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

        source (B, S), target (B, T) beginning with the start token, source_mask (B, S) False or 0 at padding.
        """
        return self.cap(self.head(self.hidden(source, target, source_mask)))

    def hidden(self, source: Tensor, target: Tensor, source_mask: Tensor | None = None) -> Tensor:
        """What the head reads (B, T, C); arguments as for `forward`."""
        source_mask = None if source_mask is None else source_mask.bool()
        memory = self.decoder.keys_values(self.encoder(source, key_mask=source_mask))
        return self.decoder(target, memory=memory, memory_mask=_seen(source_mask))

    def begin(self, source: Tensor, source_mask: Tensor | None = None) -> State:
        """Encode the source once; what the decoder's blocks read of it is kept in the state."""
        source_mask = None if source_mask is None else source_mask.bool()
        memory = self.encoder(source, key_mask=source_mask)  # (B, S, C)
        # In one piece: every step reads all of it, and products want it without gaps.
        pieces = [(k.contiguous(), v.contiguous()) for k, v in self.decoder.keys_values(memory)]
        # A window counts places in a text, which the slots of beams are not.
        make = State if any(self.decoder.windows) else BeamState
        return make([KVCache() for _ in self.decoder.blocks], memory=pieces, memory_mask=_seen(source_mask))

    def step(self, ids: Tensor, state: State) -> Tensor:
        """Read the new target tokens ids (B, T); logits (B, V) of the one after them."""
        if isinstance(state, BeamState) and state.beams > 1:
            x = [self._step_beams(column.view(-1, state.beams), state) for column in ids.unbind(1)][-1]
            return self.cap(self.head(x.flatten(0, 1)))
        x = self.decoder(ids, caches=state.caches, memory=state.memory, memory_mask=state.memory_mask)
        return self.cap(self.head(x[:, -1]))

    def _step_beams(self, ids: Tensor, state: BeamState) -> Tensor:
        """Read one new token in each beam, ids (B, beams), all at the same place of their texts: (B, beams, C)."""
        assert state.memory is not None
        decoder, n = self.decoder, state.length
        if n + 1 > decoder.context:
            raise ValueError(f"{n + 1} tokens do not fit the model's context of {decoder.context}")
        at = torch.full(ids.shape[1:], n, device=ids.device)
        x, rotation = decoder.positions(decoder.embed(ids) * decoder.scale, at)
        mask = state.next_slots()
        for block, values, cache, memory in zip(
            decoder.blocks, decoder.values, state.caches, state.memory, strict=True
        ):
            x = block(
                x,
                mask=mask,
                rotation=rotation,
                cache=cache,
                values=values(ids),
                memory=memory,
                memory_mask=state.memory_mask,
            )
        return decoder.norm(x)


def _seen(source_mask: Tensor | None) -> Mask:
    return Mask() if source_mask is None else Mask(allowed=source_mask[:, None, None, :])
