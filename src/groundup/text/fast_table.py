"""A hash table from byte strings (chunks) to the numbers 0, 1, 2 ... in the order of insertion, made of arrays.

Byte strings with the same slot are compared by their bytes, so the result never depends on the hash.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundup.text.fast_compile import ROOM, compiled, some_bytes

_STIR, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)  # multiply, then mix in the high half


class Table(NamedTuple):
    """A table of fixed size, so that the loops that fill it need not return it; `larger` makes one with more room."""

    slots: NDArray[np.int32]  # number + 1 by hash (linear probing), 0 if free; the size is a power of two
    first: NDArray[np.uint64]  # by number: the first eight bytes
    ends: NDArray[np.int64]  # number n has bytes[ends[n] : ends[n + 1]]
    bytes: NDArray[np.uint8]
    used: NDArray[np.int64]  # (1,): how many numbers are in use


def empty_table(numbers: int, size: int) -> Table:
    """Return a table with room for `numbers` byte strings (a power of two) of `size` bytes in all."""
    return Table(
        np.zeros(4 * numbers, np.int32),
        np.empty(numbers, np.uint64),
        np.zeros(numbers + 1, np.int64),
        np.empty(size + ROOM, np.uint8),
        np.zeros(1, np.int64),
    )


@compiled
def find(table, data, start, end):
    """Return the number of data[start:end] or -1, and its slot or the free slot for it."""
    size, at = end - start, start + 8
    first = some_bytes(data, start, size)
    value = (first ^ np.uint64(size)) * _STIR
    while at < end:
        value = (value ^ (value >> _HALF) ^ some_bytes(data, at, end - at)) * _STIR
        at += 8
    mask = np.uint64(len(table.slots) - 1)
    slot = (value ^ (value >> _HALF)) & mask
    while table.slots[slot]:
        number = np.uint64(table.slots[slot] - 1)
        if table.first[number] == first and same(table, number, data, start, size):
            return np.int64(number), slot
        slot = (slot + np.uint64(1)) & mask
    return np.int64(-1), slot


@compiled
def same(table, number, data, start, size):
    """Whether data[start : start + size] has this number. The first eight bytes must be equal already."""
    begin = table.ends[number]
    if table.ends[number + np.uint64(1)] - begin != size:
        return False
    for at in range(8, size, 8):
        if some_bytes(table.bytes, begin + at, size - at) != some_bytes(data, start + at, size - at):
            return False
    return True


@compiled
def has_room(table, size):
    """Whether there is room for one more byte string of this size."""
    used = table.used[0]
    return used < len(table.first) and table.ends[used] + size + ROOM <= len(table.bytes)


@compiled
def add(table, data, start, end, slot):
    """Give the next number to data[start:end], which `find` did not find. There must be room."""
    number = table.used[0]
    begin = table.ends[number]
    for at in range(end - start):
        table.bytes[begin + at] = data[start + at]
    table.slots[slot] = number + 1
    table.first[number] = some_bytes(data, start, end - start)
    table.ends[number + 1] = begin + end - start
    table.used[0] = number + 1


@compiled
def refill(table, old):
    """Copy all byte strings of another table to this empty, larger one. Their numbers stay the same."""
    for number in range(old.used[0]):
        start, end = old.ends[number], old.ends[number + 1]
        _, slot = find(table, old.bytes, start, end)
        add(table, old.bytes, start, end, slot)


def larger(table: Table, size: int) -> Table:
    """Return a table with the same content, twice the room, and room for `size` more bytes."""
    roomier = empty_table(2 * len(table.first), 2 * len(table.bytes) + size)
    refill(roomier, table)
    return roomier
