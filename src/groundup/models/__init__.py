"""Complete models, made of the blocks. Reading order: state, stack, causal_lm, seq2seq, init."""
