"""Look into a model: record its attention, draw it as a picture, and follow its beam search."""
