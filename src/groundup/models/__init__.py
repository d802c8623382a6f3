"""Whole models out of the blocks. Reading order: state, stack, causal_lm, seq2seq, init."""
