"""Numbers that judge: perplexity and bits per byte, BLEU and chrF."""
