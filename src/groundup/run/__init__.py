"""A run: the folder a training leaves behind, and what can be done with it."""
