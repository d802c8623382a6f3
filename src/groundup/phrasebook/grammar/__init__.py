"""Syntax trees, and the three languages that write a tree as a sentence."""
