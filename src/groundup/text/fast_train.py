"""Training as in `bpe.train`, on arrays: the same merges at the speed of machine code.

The distinct chunks are stored one after the other, and the first and last byte of each token hold its id. A token is a
range of bytes, so its length leads to its neighbours, and no links are needed. The places of a pair form a list that is
always exact: a merge removes the pairs of a changed token from their lists and inserts the new ones. A heap holds every
pair once. After it is made, a pair only becomes rarer, so a pair with an outdated count at the top of the heap moves
down to its place.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundup.text.fast_compile import compiled
from groundup.text.fast_heap import Tokens, name, rise, sink

NONE = -1  # no token (between two chunks), or no place (at the end of a list)


class Text(NamedTuple):
    """All distinct chunks of two bytes or more, with a gap before each and after the last."""

    data: NDArray[np.uint8]  # their bytes, then the 256 single bytes: every token is a range of this
    chunk: NDArray[np.int32]  # by place: the number of its chunk, NONE at gaps
    times: NDArray[np.int64]  # how often each chunk occurs in the text


PLACE = np.dtype(
    [
        ("id", np.int32),  # of the token; valid at its first and its last byte only
        ("pair", np.int32),  # the pair that begins here
        ("after", np.int32),  # the next place of the same pair
        ("before", np.int32),
    ]
)
"""The fields of each byte of the text. They are adjacent in memory, because they are used together, in random order."""


class Pairs(NamedTuple):
    """All pairs of ids met so far, in order of appearance, and a hash table to find them."""

    key: NDArray[np.uint64]  # left << 32 | right
    times: NDArray[np.int64]  # how often the pair occurs in the text
    head: NDArray[np.int32]  # the first of its places
    slots: NDArray[np.int32]  # number + 1 by hash, 0 if free
    used: NDArray[np.int64]  # (1,): how many pairs there are


@compiled
def learn(text, merges, learnt, done, stop):
    """Write merges (left, right, count) to `learnt` (merges, 3) and their number to done[0]. Stops early if stop[0]."""
    most = 256 + merges
    tokens = Tokens(np.empty(most, np.int64), np.ones(most, np.int64), np.empty(most, np.uint64))
    for byte in range(256):
        name(tokens, byte, text.data, len(text.chunk) + byte, 1)
    pairs = room_for_pairs(1 << 17)  # twice as many as there are pairs of bytes
    places = first_places(text, pairs)
    heap, weight, size, pushed = np.empty(len(pairs.key), np.int32), np.empty(len(pairs.key), np.int64), 0, 0
    while done[0] < merges and not stop[0]:
        for pair in range(pushed, pairs.used[0]):
            if pairs.times[pair]:
                heap[size], weight[size] = pair, pairs.times[pair]
                size += 1
                rise(heap, weight, size - 1, text.data, tokens, pairs.key)
        pushed = pairs.used[0]
        if not size:
            break
        pair, stale = heap[0], weight[0]
        if pairs.times[pair] == stale:
            new = 256 + done[0]
            left, right = np.int64(pairs.key[pair] >> np.uint64(32)), np.int64(pairs.key[pair] & np.uint64(0xFFFFFFFF))
            name(tokens, new, text.data, pairs.head[pair], tokens.length[left] + tokens.length[right])
            learnt[done[0], 0], learnt[done[0], 1], learnt[done[0], 2] = left, right, stale
            done[0] += 1
            if pairs.used[0] + 2 * (new + 1) > len(pairs.key):  # a pair with each token, on either side
                pairs = more_pairs(pairs)
                heap, weight = doubled(heap), doubled(weight)
            merge(pair, left, right, new, text, tokens.length, places, pairs)
        weight[0] = pairs.times[pair]
        if not weight[0]:  # this merge or an earlier one removed all its places
            size -= 1
            heap[0], weight[0] = heap[size], weight[size]
        sink(heap, weight, size, text.data, tokens, pairs.key)


@compiled
def first_places(text, pairs):
    """Make every byte a token and list the pairs. Each list of places goes from left to right."""
    places = np.empty(len(text.chunk), PLACE)
    for place in range(len(text.chunk) - 1, -1, -1):
        places[place].id = text.data[place] if text.chunk[place] != NONE else NONE
        if places[place].id != NONE and places[place + 1].id != NONE:
            weight = text.times[text.chunk[place]]
            put(place, places[place].id, places[place + 1].id, weight, places, pairs)
    return places


@compiled
def merge(pair, left, right, new, text, length, places, pairs):
    """Replace the pair by the new token everywhere."""
    while pairs.head[pair] != NONE:
        place = np.int64(pairs.head[pair])
        while left == right and places[place - 1].id == left:  # a run such as aaaa is merged from its left end
            place -= length[left]
        while True:
            place = merge_at(place, left, right, new, text, length, places, pairs)
            if left != right or places[place].id != left or places[place + length[left]].id != left:
                break


@compiled
def merge_at(place, left, right, new, text, length, places, pairs):
    """Put the new token at one place. Returns the place after it."""
    weight = text.times[text.chunk[place]]
    second = place + length[left]
    behind = second + length[right]
    before, following = np.int64(places[place - 1].id), np.int64(places[behind].id)
    take(place, weight, places, pairs)
    if before != NONE:
        take(place - length[before], weight, places, pairs)
    if following != NONE:
        take(second, weight, places, pairs)
    places[place].id = new
    places[behind - 1].id = new
    if before != NONE:
        put(place - length[before], before, new, weight, places, pairs)
    if following != NONE:
        put(place, new, following, weight, places, pairs)
    return behind


@compiled
def take(place, weight, places, pairs):
    """Remove this place from the list of its pair."""
    pair, after, before = places[place].pair, places[place].after, places[place].before
    pairs.times[pair] -= weight
    if before == NONE:
        pairs.head[pair] = after
    else:
        places[before].after = after
    if after != NONE:
        places[after].before = before


@compiled
def put(place, left, right, weight, places, pairs):
    """Add this place to the list of the pair (left, right)."""
    key = np.uint64(left) << np.uint64(32) | np.uint64(right)
    slot = slot_of(key, pairs.slots, pairs.key)
    pair = np.int64(pairs.slots[slot] - 1)
    if pair < 0:
        pair = pairs.used[0]
        pairs.used[0] += 1
        pairs.slots[slot] = pair + 1
        pairs.key[pair], pairs.times[pair], pairs.head[pair] = key, 0, NONE
    head = pairs.head[pair]
    places[place].pair = pair
    places[place].after = head
    places[place].before = NONE
    if head != NONE:
        places[head].before = place
    pairs.head[pair] = place
    pairs.times[pair] += weight


@compiled
def slot_of(key, slots, keys):
    """Return the slot of a key in a hash table, or the free slot for it."""
    mask = np.uint64(len(slots) - 1)
    mixed = key * np.uint64(0x9E3779B97F4A7C15)
    slot = (mixed ^ (mixed >> np.uint64(32))) & mask
    while slots[slot] and keys[slots[slot] - 1] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@compiled
def room_for_pairs(size):
    """Return an empty table with room for `size` pairs (a power of two)."""
    return Pairs(
        np.empty(size, np.uint64),
        np.zeros(size, np.int64),
        np.empty(size, np.int32),
        np.zeros(4 * size, np.int32),
        np.zeros(1, np.int64),
    )


@compiled
def more_pairs(pairs):
    """Return the same pairs with room for twice as many."""
    slots = np.zeros(2 * len(pairs.slots), np.int32)
    for pair in range(pairs.used[0]):
        slots[slot_of(pairs.key[pair], slots, pairs.key)] = pair + 1
    return Pairs(doubled(pairs.key), doubled(pairs.times), doubled(pairs.head), slots, pairs.used)


@compiled
def doubled(array):
    """Return the array with as much room again after it."""
    larger = np.empty(2 * len(array), array.dtype)
    larger[: len(array)] = array
    return larger
