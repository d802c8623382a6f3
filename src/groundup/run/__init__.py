"""A run: the folder that a training writes, and everything that can be done with it."""
