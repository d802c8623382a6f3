"""Measures of quality: perplexity and bits per byte, BLEU and chrF, multiple choice."""
