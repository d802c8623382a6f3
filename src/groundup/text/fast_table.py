"""A hash table from byte strings to numbers 0, 1, 2 ... in the order in which they came: for chunks, as arrays.

Byte strings that meet in a slot are told apart by their bytes, so the answer never depends on the hash.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundup.text.fast_compile import ROOM, compiled, some_bytes

_STIR, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)  # multiply, and bring the high half down


class Table(NamedTuple):
    """Fixed in size, so that the loops that fill it need not carry it along; `larger` gives one with more room."""

    slots: NDArray[np.int32]  # number + 1 by hash (linear probing), 0 where free; a power of two
    first: NDArray[np.uint64]  # by number: the first eight bytes
    ends: NDArray[np.int64]  # ends[n] is where the bytes of number n begin, ends[n + 1] where they end
    bytes: NDArray[np.uint8]
    used: NDArray[np.int64]  # (1,): how many numbers are given


def empty_table(numbers: int, size: int) -> Table:
    """Room for so many byte strings (a power of two) of `size` bytes together."""
    return Table(
        np.zeros(4 * numbers, np.int32),
        np.empty(numbers, np.uint64),
        np.zeros(numbers + 1, np.int64),
        np.empty(size + ROOM, np.uint8),
        np.zeros(1, np.int64),
    )


@compiled
def find(table, data, start, end):
    """The number of data[start:end], or -1; and its slot, or the free one it would have."""
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
    """Whether data[start : start + size], whose first eight bytes are known to agree, has this number."""
    begin = table.ends[number]
    if table.ends[number + np.uint64(1)] - begin != size:
        return False
    for at in range(8, size, 8):
        if some_bytes(table.bytes, begin + at, size - at) != some_bytes(data, start + at, size - at):
            return False
    return True


@compiled
def has_room(table, size):
    """Whether one more byte string of this size fits."""
    used = table.used[0]
    return used < len(table.first) and table.ends[used] + size + ROOM <= len(table.bytes)


@compiled
def add(table, data, start, end, slot):
    """Give data[start:end], which `find` did not find, the next number; there must be room."""
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
    """Put all byte strings of another table into this empty and larger one; their numbers stay."""
    for number in range(old.used[0]):
        start, end = old.ends[number], old.ends[number + 1]
        _, slot = find(table, old.bytes, start, end)
        add(table, old.bytes, start, end, slot)


def larger(table: Table, size: int) -> Table:
    """A table with the same content and room for as much again, and for `size` bytes more."""
    roomier = empty_table(2 * len(table.first), 2 * len(table.bytes) + size)
    refill(roomier, table)
    return roomier
