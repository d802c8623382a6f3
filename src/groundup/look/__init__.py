"""Look into a model: record its attention, draw it, and step through it in a web page."""
