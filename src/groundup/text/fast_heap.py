"""A heap of pairs, ordered by the tie rule of `bpe`: the first pair is merged next."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundup.text.fast_compile import compiled


class Tokens(NamedTuple):
    """The bytes of each token, for ties: data[begin : begin + length], and the first eight of them as one number."""

    begin: NDArray[np.int64]
    length: NDArray[np.int64]
    first: NDArray[np.uint64]


@compiled
def name(tokens, id, data, begin, length):
    """Record where the bytes of a token are."""
    tokens.begin[id], tokens.length[id] = begin, length
    first = np.uint64(0)
    for at in range(begin, begin + 8):
        first = first << np.uint64(8) | np.uint64(data[at] if at < begin + length else 0)
    tokens.first[id] = first


@compiled
def rise(heap, weight, at, data, tokens, keys):
    """Move the pair at heap[at] up to its place."""
    while at and goes_first(heap[at], weight[at], heap[(at - 1) // 2], weight[(at - 1) // 2], data, tokens, keys):
        above = (at - 1) // 2
        heap[at], heap[above] = heap[above], heap[at]
        weight[at], weight[above] = weight[above], weight[at]
        at = above


@compiled
def sink(heap, weight, size, data, tokens, keys):
    """Move the pair at heap[0] down to its place."""
    at = 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and goes_first(
            heap[below + 1], weight[below + 1], heap[below], weight[below], data, tokens, keys
        ):
            below += 1
        if not goes_first(heap[below], weight[below], heap[at], weight[at], data, tokens, keys):
            return
        heap[at], heap[below] = heap[below], heap[at]
        weight[at], weight[below] = weight[below], weight[at]
        at = below


@compiled
def goes_first(pair, count, other, other_count, data, tokens, keys):
    """Whether `pair` comes before `other` by the tie rule of `bpe`: greater count, then greater byte strings."""
    if count != other_count:
        return count > other_count
    for shift in (np.uint64(32), np.uint64(0)):
        a = np.int64(keys[pair] >> shift & np.uint64(0xFFFFFFFF))
        b = np.int64(keys[other] >> shift & np.uint64(0xFFFFFFFF))
        if a == b:
            continue
        if tokens.first[a] != tokens.first[b]:
            return tokens.first[a] > tokens.first[b]
        for offset in range(8, min(tokens.length[a], tokens.length[b])):
            x, y = data[tokens.begin[a] + offset], data[tokens.begin[b] + offset]
            if x != y:
                return x > y
        if tokens.length[a] != tokens.length[b]:
            return tokens.length[a] > tokens.length[b]
    return False
