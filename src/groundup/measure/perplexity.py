"""How well a language model predicts a text: perplexity per token, and bits per byte."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Perplexity:
    """The loss on one text, in three units. Lower is better; only bits per byte can compare different tokenizers."""

    nats_per_token: float
    """The mean of -ln p(token | tokens before it in its window): the cross-entropy loss."""
    perplexity: float
    """exp(nats_per_token): as uncertain as a choice among this many equally likely tokens."""
    bits_per_byte: float
    """Total bits / UTF-8 bytes of the predicted text: also the size that a compressor with this model would reach."""
    tokens: int
    """The number of predicted tokens, with the special tokens in the text."""
    bytes: int
    """The UTF-8 bytes of the predicted tokens; special tokens have none."""

    @classmethod
    def from_totals(cls, nats: float, tokens: int, *, text_bytes: int, skipped_bytes: int = 0) -> "Perplexity":
        """Compute from sums over a text: nats of all predicted tokens, their number, and the text's UTF-8 bytes.

        skipped_bytes: bytes of tokens that were read but not predicted, as the text's first token if nothing (such as
        <|endoftext|>) comes before it. Raises ValueError if nothing was predicted or nats is not finite.
        """
        if tokens < 1 or text_bytes - skipped_bytes < 1:
            raise ValueError(
                f"nothing to measure: {tokens} predicted tokens for {text_bytes - skipped_bytes} bytes; "
                "the text needs at least 2 tokens"
            )
        if not 0 <= nats < math.inf:
            raise ValueError(f"the summed loss ({nats}) must be a finite number of nats, at least 0")
        mean = nats / tokens
        return cls(
            nats_per_token=mean,
            perplexity=math.exp(mean) if mean < 700 else math.inf,
            bits_per_byte=nats / math.log(2) / (text_bytes - skipped_bytes),
            tokens=tokens,
            bytes=text_bytes - skipped_bytes,
        )

    def __str__(self) -> str:
        return (
            f"perplexity {self.perplexity:.2f} ({self.nats_per_token:.4f} nats a token, {self.tokens} tokens), "
            f"{self.bits_per_byte:.4f} bits per byte ({self.bytes} bytes)"
        )
