"""The building blocks. They know torch and plain numbers: no config, no files, no devices.

One notation everywhere; a comment such as `# (B, H, T, D)` stands where a shape changes:

    B  batch rows          T  query positions        S  key positions
    H  query heads         G  key/value heads        D  width of one head
    C  model width (the paper's d_model)             V  vocabulary size

Reading order: masks, attend, positions, norms, mlp, dropout, cache, attention, block; then banded, values, softcap.
"""
