"""Benchmarks: ours and its peers side by side, in one run, each in processes of its own."""
