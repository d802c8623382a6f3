"""Visibility, pair by pair."""

import torch


def visible(T, S, *, causal, window=None):
    rows = []
    for query in range(S - T, S):
        row = []
        for key in range(S):
            gap = query - key
            row.append((gap >= 0 or not causal) and (window is None or abs(gap) < window))
        rows.append(row)
    return torch.tensor(rows, dtype=torch.bool)
