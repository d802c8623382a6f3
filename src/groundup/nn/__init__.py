"""The building blocks: equations in plain PyTorch. They use tensors and numbers only: no config, no files, no devices.

All files use one notation; a comment such as `# (B, H, T, D)` shows where a shape changes:

    B  batch rows          T  query positions        S  key positions
    H  query heads         G  key/value heads        D  width of one head
    C  model width (the paper's d_model)             V  vocabulary size

Reading order: block, attention, attend; then masks, positions, norms, mlp, cache.
"""
