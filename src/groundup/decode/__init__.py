"""From logits to text: choosing a token, streaming tokens, beam search."""
