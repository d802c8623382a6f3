"""From a recipe to a judged run: read, make batches, build, fit, judge. One story for text and for pairs."""
