"""Benchmarks: groundup and other libraries side by side in one run, each in its own processes."""
