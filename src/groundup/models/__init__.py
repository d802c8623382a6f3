"""Whole models out of the blocks: `Stack` is embedding, positions, blocks and norm; the rest is what stands on it."""
