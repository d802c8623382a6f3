"""The building blocks: equations and plain PyTorch. They know tensors and numbers: no config, no files, no processors.

One notation everywhere; a comment such as `# (B, H, T, D)` stands where a shape changes:

    B  batch rows          T  query positions        S  key positions
    H  query heads         G  key/value heads        D  width of one head
    C  model width (the paper's d_model)             V  vocabulary size

Reading order: block, attention, attend; then masks, positions, norms, mlp, cache.
"""
