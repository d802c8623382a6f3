"""Fair comparisons: variants of one recipe on the same data and budget, each with its own learning rate and seeds."""
