"""The same numbers sooner, most of all on a CPU.

Every module here is a subclass of one in `groundup.nn` or PyTorch and computes the same. `quicken.py` says which class
takes the place of which; a model calls it at the end of its `__init__`. Nothing in `nn` knows of this package, and
`plain(model)` gives back the classes that a reader has read.
"""
