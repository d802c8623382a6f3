"""From a run to the Hub: write the folder, check it where nobody has our code, describe it, send it."""
