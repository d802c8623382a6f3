"""Read and write Hugging Face folders. Each family of models has one table of names, used in both directions."""
