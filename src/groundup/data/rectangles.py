"""Which pairs share a batch. A batch is a rectangle, as wide as its longest source and its longest target.

Sides of like length, as translations have, need one sort. What was said so far and the reply to it have nothing to do
with each other in length: sorted by one, the other is anything, and a fifth of every batch is padding.
"""

import numpy as np
from numpy.typing import NDArray

PRICE = 200
"""What a batch costs beside its tokens, in tokens: else many small batches would be cheaper than a few full ones."""
LEVELS = 24
"""How often rows are halved at most, so that no lengths, however odd, take long; 12 do for 160,000 sentences."""

Rows = NDArray[np.intp]
Lengths = NDArray[np.int64]


def rectangles(S: Lengths, T: Lengths, *, budget: int) -> list[Rows]:
    """All rows, of sources S (N,) and targets T (N,) long, in groups of len(rows) * (longest S + longest T) <= budget.

    Rows are halved by the length of the side and at the place where that saves most, and so are the halves, as in a
    k-d tree (Bentley 1975); where a plain cut of the sorted rows comes cheaper than halving them, it is taken.
    ValueError where a row is longer than `budget`.
    """
    longest = int((S + T).argmax())
    if S[longest] + T[longest] > budget:
        raise ValueError(
            f"budget ({budget}) must hold the longest pair ({S[longest]} + {T[longest]} tokens with their marks); "
            "raise it, or lower max_length"
        )
    return _divided(np.arange(len(S)), S, T, budget, LEVELS)[1]


def _divided(rows: Rows, S: Lengths, T: Lengths, budget: int, levels: int) -> tuple[int, list[Rows]]:
    """The cheaper of two ways to cut the rows up, with its cost."""
    whole = _sorted_and_cut(rows, S, T, budget)
    if len(whole[1]) == 1 or not levels:
        return whole
    (cost, one), (more, other) = (_divided(half, S, T, budget, levels - 1) for half in _halves(rows, S, T, budget))
    return min(whole, (cost + more, one + other), key=lambda way: way[0])


def _sorted_and_cut(rows: Rows, S: Lengths, T: Lengths, budget: int) -> tuple[int, list[Rows]]:
    """Rows by target length, then source length, cut where the next row would be too much."""
    # The sources run up, then down, then up: neighbours stay alike where one target length meets the next.
    rows = rows[np.lexsort((np.where(T[rows] % 2 == 0, S[rows], -S[rows]), T[rows]))]
    cost, groups, first = 0, [], 0
    while first < len(rows):
        ahead = rows[first : first + budget // (S[rows[first]] + T[rows[first]])]
        wide = np.maximum.accumulate(S[ahead]) + np.maximum.accumulate(T[ahead])
        tokens = np.arange(1, len(ahead) + 1) * wide
        size = int(np.searchsorted(tokens, budget, side="right"))
        cost += int(tokens[size - 1]) + PRICE
        groups.append(ahead[:size])
        first += size
    return cost, groups


def _halves(rows: Rows, S: Lengths, T: Lengths, budget: int) -> tuple[Rows, Rows]:
    """The rows up to some length of one side and the others, as costs least if each half is one rectangle."""
    best = None
    for along, across in ((S[rows], T[rows]), (T[rows], S[rows])):
        order = np.lexsort((across, along))
        along, across = along[order], across[order]
        few = np.arange(1, len(rows))
        below = few * (along[:-1] + np.maximum.accumulate(across)[:-1])
        above = few[::-1] * (along[-1] + np.maximum.accumulate(across[::-1])[-2::-1])
        batches = -(-below // budget) - (-above // budget)
        costs = below + above + PRICE * batches
        at = int(costs.argmin())
        if best is None or costs[at] < best[0]:
            best = costs[at], rows[order[: at + 1]], rows[order[at + 1 :]]
    assert best is not None
    return best[1:]
