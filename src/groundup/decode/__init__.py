"""From logits to text: choose a token, stream tokens, search with beams."""
