"""The same models under their Hugging Face names: folders in and out, each family one table of names read both ways."""
