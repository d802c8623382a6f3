"""Encoding as in `bpe.encode`, on arrays: split, look each chunk up, and merge it if it is new."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundup.text.fast_compile import compiled, padded
from groundup.text.fast_split import BLOCK, split
from groundup.text.fast_table import Table, add, empty_table, find, has_room
from groundup.text.fast_train import NONE, slot_of

LONGEST = 64  # bytes of the longest chunk that is remembered
NEVER = np.int64(1 << 31)  # no merge has this rank


class Ranks(NamedTuple):
    """The merges as a hash table pair -> rank; a smaller rank is merged first."""

    keys: NDArray[np.uint64]  # left << 32 | right
    ranks: NDArray[np.int32]
    slots: NDArray[np.int32]  # index + 1 by hash, 0 where free
    made: NDArray[np.int32]  # by rank: the internal id that the merge makes
    outside: NDArray[np.int32]  # by internal id: the vocabulary's id


class Known(NamedTuple):
    """Chunks met before, and their ids. When it is full, a chunk that is not in it is merged every time."""

    chunks: Table
    begin: NDArray[np.int32]  # chunk number n has ids[begin[n] : begin[n + 1]]
    ids: NDArray[np.int32]


def known_tokens(ids: Mapping[bytes, int], limit: int = 1 << 17) -> Known:
    """Return a table of these tokens, one id each, with room for `limit` more chunks of 16 bytes and 4 ids on average.

    The total is rounded up to a power of two, for the hash table.
    """
    size = 1 << (limit + len(ids) - 1).bit_length()
    tokens, numbers = b"".join(ids), np.fromiter(ids.values(), np.int32, len(ids))
    known = Known(
        empty_table(size, 16 * size + len(tokens)), np.zeros(size + 1, np.int32), np.empty(4 * size, np.int32)
    )
    know_all(known, padded(tokens), np.cumsum([0, *map(len, ids)]), numbers)
    return known


def copied(known: Known) -> Known:
    """Return a copy for another thread."""
    return Known(Table._make(map(np.copy, known.chunks)), known.begin.copy(), known.ids.copy())


@compiled
def know_all(known, data, bounds, ids):
    """Remember data[bounds[n] : bounds[n + 1]] as ids[n], for every n."""
    for n in range(len(ids)):
        start, end = bounds[n], bounds[n + 1]
        _, slot = find(known.chunks, data, start, end)
        remember(known, data, start, end, slot, ids[n : n + 1])


@compiled
def rank_table(pairs, ranks, made, outside):
    """Return the `Ranks` of pairs (N, 2) and their ranks (N)."""
    size = 16
    while size < 4 * len(ranks):
        size *= 2
    keys, slots = np.empty(len(ranks), np.uint64), np.zeros(size, np.int32)
    for n in range(len(ranks)):
        keys[n] = np.uint64(pairs[n, 0]) << np.uint64(32) | np.uint64(pairs[n, 1])
        slots[slot_of(keys[n], slots, keys)] = n + 1
    return Ranks(keys, ranks, slots, made, outside)


@compiled
def encode(data, bounds, classes, kind, ranks, known, out, out_bounds):
    """Write the ids of every data[bounds[n] : bounds[n + 1]] to out[out_bounds[n] : out_bounds[n + 1]]."""
    ends, ids, waiting = np.empty(BLOCK, np.int64), np.empty(LONGEST, np.int64), np.empty(LONGEST, np.int64)
    count = 0
    for text in range(len(bounds) - 1):
        start = bounds[text]
        while start < bounds[text + 1]:
            for block in range(split(data, start, bounds[text + 1], classes, kind, ends)):
                end = ends[block]
                number, slot = find(known.chunks, data, start, end)
                if number >= 0:
                    first = known.begin[np.uint64(number)]
                    length = known.begin[np.uint64(number + 1)] - first
                    out[count] = known.ids[np.uint64(first)]
                    for at in range(1, length):
                        out[count + at] = known.ids[first + at]
                elif end - start <= LONGEST:
                    length = merge_short(data, start, end, ranks, ids, waiting, out[count:])
                    remember(known, data, start, end, slot, out[count : count + length])
                else:
                    length = merge_long(data, start, end, ranks, out[count:])
                count += length
                start = end
        out_bounds[text + 1] = count


@compiled
def remember(known, data, start, end, slot, ids):
    """Remember a chunk and its ids, if there is room."""
    number = known.chunks.used[0]
    first = known.begin[number]
    if has_room(known.chunks, end - start) and first + len(ids) <= len(known.ids):
        add(known.chunks, data, start, end, slot)
        known.ids[first : first + len(ids)] = ids
        known.begin[number + 1] = first + len(ids)


@compiled
def rank(left, right, ranks):
    """Return the rank of a pair, or NEVER."""
    key = np.uint64(left) << np.uint64(32) | np.uint64(right)
    index = np.int64(ranks.slots[slot_of(key, ranks.slots, ranks.keys)]) - 1
    return np.int64(ranks.ranks[index]) if index >= 0 else NEVER


@compiled
def merge_short(data, start, end, ranks, ids, waiting, out):
    """Write the ids of one chunk to `out`, and return how many. As `bpe.encode_plainly`: find the first merge, repeat.

    ids, waiting: arrays for the tokens, and for the rank of each with its right neighbour.
    """
    size = end - start
    for at in range(size):
        ids[at] = data[start + at]
    for at in range(size - 1):
        waiting[at] = rank(ids[at], ids[at + 1], ranks)
    while size > 1:
        best = 0
        for at in range(1, size - 1):
            if waiting[at] < waiting[best]:
                best = at
        if waiting[best] == NEVER:
            break
        size -= 1
        ids[best] = ranks.made[waiting[best]]
        for at in range(best + 1, size):
            ids[at] = ids[at + 1]
            waiting[at - 1] = waiting[at]
        if best > 0:
            waiting[best - 1] = rank(ids[best - 1], ids[best], ranks)
        if best < size - 1:
            waiting[best] = rank(ids[best], ids[best + 1], ranks)
    for at in range(size):
        out[at] = ranks.outside[ids[at]]
    return size


@compiled
def merge_long(data, start, end, ranks, out):
    """The same as `merge_short` in O(n log n), like `bpe.encode`: a heap over a ring of tokens."""
    size = end - start
    ids, before, after = np.empty(size + 1, np.int32), np.empty(size + 1, np.int32), np.empty(size + 1, np.int32)
    heap, waiting = np.empty(3 * size + 1, np.int64), 0  # entries: the rank of a pair << 32 | its place
    for at in range(size + 1):
        ids[at] = data[start + at] if at < size else NONE
        before[at], after[at] = at - 1 if at else size, at + 1 if at < size else 0
    for at in range(size):
        waiting = push(heap, waiting, joined(ids, at, at + 1, ranks), at)
    while waiting:
        new, at = heap[0] >> 32, heap[0] & 0x7FFFFFFF
        waiting = pop(heap, waiting)
        gone = after[at]
        if joined(ids, at, gone, ranks) != new:
            continue  # an earlier merge has used one of the two
        ids[at], ids[gone] = ranks.made[new], NONE
        after[at] = after[gone]
        before[after[at]] = at
        waiting = push(heap, waiting, joined(ids, before[at], at, ranks), before[at])
        waiting = push(heap, waiting, joined(ids, at, after[at], ranks), at)
    count, at = 0, 0
    while at < size:
        out[count] = ranks.outside[ids[at]]
        count, at = count + 1, after[at] if after[at] else size
    return count


@compiled
def joined(ids, left, right, ranks):
    """Return the rank of the pair of tokens at two places, or NEVER."""
    if ids[left] == NONE or ids[right] == NONE:
        return NEVER
    return rank(ids[left], ids[right], ranks)


@compiled
def push(heap, size, new, place):
    """Push a merge on the heap unless its rank is NEVER. Returns the heap's size."""
    if new == NEVER:
        return size
    entry, at = new << 32 | place, size
    while at and heap[(at - 1) >> 1] > entry:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = entry
    return size + 1


@compiled
def pop(heap, size):
    """Remove the smallest entry from the heap. Returns its size."""
    size -= 1
    entry, at = heap[size], 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= entry:
            break
        heap[at] = heap[below]
        at = below
    heap[at] = entry
    return size
