"""Compute the same numbers faster, most of all on a CPU.

Every module here is a subclass of one in `groundup.nn` or PyTorch and computes the same. `quicken.py` has the table of
classes and their fast subclasses; a model calls it at the end of its `__init__`. Nothing in `nn` imports this package,
and `plain(model)` restores the plain classes.
"""
