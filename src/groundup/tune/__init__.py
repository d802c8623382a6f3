"""Better settings for a recipe: a test of learning rates, then successive halving over what matters."""
