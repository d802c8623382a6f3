"""From files, folders and named corpora to training batches: reading, cleaning, splitting, batching."""
