"""Byte-pair encoding over bytes (Sennrich et al. 2016, algorithm 1; on bytes: GPT-2, Radford et al. 2019, 2.2).

Training: start with the 256 bytes as tokens, and repeatedly make the most frequent pair of neighbours a new token.
Encoding: apply those merges in the order in which they were learnt. A merge never crosses the border of a chunk
(see `patterns`), so this file works on chunks only.

All ids in this file follow from the merges alone: byte b has id b, and merge n makes id 256 + n.

The tie rule: if two pairs are equally frequent, the one whose pair of BYTE STRINGS is lexicographically greater is
merged first. This rule depends only on the text, so the merges do too.

`train_plainly` and `encode_plainly` are the definition; `train` and `encode` give the same result, fast.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

Pair = tuple[int, int]
Merges = list[tuple[bytes, bytes]]
Progress = Callable[[int, int, int, int, int, int], object]  # merge number, total, count, left, right, new id

_NOTHING = -1  # no token: between two chunks, and where a merge has removed one


def count_pairs(chunks: Mapping[Sequence[int], int]) -> Counter[Pair]:
    """Count each pair of neighbouring ids in the chunks. chunks: ids -> how often this chunk occurs."""
    pairs: Counter[Pair] = Counter()
    for ids, count in chunks.items():
        for pair in pairwise(ids):
            pairs[pair] += count
    return pairs


def merge(ids: Sequence[int], pair: Pair, new: int) -> list[int]:
    """Replace every occurrence of the pair by the new id, from left to right."""
    merged: list[int] = []
    for id in ids:
        if merged and (merged[-1], id) == pair:
            merged[-1] = new
        else:
            merged.append(id)
    return merged


def train_plainly(chunks: Mapping[bytes, int], merges: int) -> Merges:
    """The definition of training: count all pairs, merge the best pair everywhere, and repeat."""
    tokens, learnt = [bytes([b]) for b in range(256)], []
    words: Mapping[Sequence[int], int] = {tuple(chunk): count for chunk, count in chunks.items()}
    while len(learnt) < merges and (counts := count_pairs(words)):
        best = max(counts, key=lambda pair: (counts[pair], tokens[pair[0]], tokens[pair[1]]))
        words = {tuple(merge(ids, best, len(tokens))): count for ids, count in words.items()}
        learnt.append((tokens[best[0]], tokens[best[1]]))
        tokens.append(tokens[best[0]] + tokens[best[1]])
    return learnt


def encode_plainly(chunk: bytes, ranks: Mapping[Pair, int]) -> list[int]:
    """The definition of encoding: apply the earliest merge that is possible, and repeat. ranks: pair -> new id."""
    ids = list(chunk)
    while known := [pair for pair in pairwise(ids) if pair in ranks]:
        first = min(known, key=ranks.__getitem__)
        ids = merge(ids, first, ranks[first])
    return ids


def encode(
    chunk: bytes,
    ranks: Mapping[Pair, int],
    *,
    made: Sequence[int] | None = None,
    drop: Callable[[], bool] | None = None,
) -> list[int]:
    """Return the ids of `encode_plainly` in O(n log n): a heap of possible merges over a linked list of tokens.

    The list is a ring that _NOTHING closes, so both ends of the chunk are treated alike.
    made: rank -> the id that this merge makes, for vocabularies where two merges make one token; None: the rank itself.
    drop: called before each merge; True skips it, for BPE-dropout (Provilkov et al. 2020, algorithm 1). A skipped merge
        may be tried again after the next merge.
    """
    dropped: list[tuple[int, int]] = []
    ids = [*chunk, _NOTHING]
    before, after = list(range(-1, len(chunk))), [*range(1, len(ids)), 0]
    heap = [(ranks[pair], at) for at, pair in enumerate(pairwise(ids)) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        new, at = heapq.heappop(heap)
        gone = after[at]
        if ids[at] == _NOTHING or ranks.get((ids[at], ids[gone])) != new:
            continue  # an earlier merge has used one of the two
        if drop and drop():
            dropped.append((new, at))
            continue
        ids[at], ids[gone] = new if made is None else made[new], _NOTHING
        after[at] = after[gone]
        before[after[at]] = at
        while dropped:
            heapq.heappush(heap, dropped.pop())
        for start in (before[at], at):
            rank = ranks.get((ids[start], ids[after[start]]))
            if rank is not None:
                heapq.heappush(heap, (rank, start))
    return [id for id in ids if id != _NOTHING]


def merges_of(tokens: Iterable[bytes]) -> Merges:
    """Return the merges that make these tokens (of two bytes or more, the earliest learnt first).

    The earlier merges encode a learnt token as two parts: those are its merge. A token that they encode as more than
    two parts was added by hand and has no merge.
    """
    parts = [bytes([b]) for b in range(256)]
    ranks: dict[Pair, int] = {}
    merges: Merges = []
    for token in tokens:
        pair = encode(token, ranks)
        if len(pair) == 2:
            ranks[pair[0], pair[1]] = len(parts)
            merges.append((parts[pair[0]], parts[pair[1]]))
            parts.append(token)
    return merges


def train(chunks: Mapping[bytes, int], merges: int, *, progress: Progress | None = None) -> Merges:
    """Learn the merges of `train_plainly`, in time about proportional to the bytes of the distinct chunks.

    chunks: chunk -> how often it occurs in the text. Returns fewer merges if the text has no more pairs.
    """
    tokens, learnt = [bytes([b]) for b in range(256)], []
    table = _Pairs(chunks)
    keys = [_descending(token) for token in tokens]
    heap = [(-count, keys[a], keys[b], (a, b)) for (a, b), count in table.counts.items()]
    heapq.heapify(heap)
    while heap and len(learnt) < merges:
        stale, left, right, (a, b) = heapq.heappop(heap)
        count = table.counts[a, b]
        if count != -stale:  # the pair has become rarer since it was pushed: push it again with its current count
            if count:
                heapq.heappush(heap, (-count, left, right, (a, b)))
            continue
        new = len(tokens)
        learnt.append((tokens[a], tokens[b]))
        tokens.append(tokens[a] + tokens[b])
        keys.append(_descending(tokens[new]))
        for x, y in table.merge((a, b), new):
            heapq.heappush(heap, (-table.counts[x, y], keys[x], keys[y], (x, y)))
        if progress:
            progress(len(learnt), merges, count, a, b, new)
    return learnt


class _Pairs:
    """All distinct chunks in one linked list, with the current count and places of every pair.

    Each merge removes one token from the list, so all merges together touch no more places than there are bytes. An
    outdated place stays in the list of its pair: tokens only grow, so a pair never returns to a place that it has left,
    and the ids at the place show whether it is outdated.
    """

    def __init__(self, chunks: Mapping[bytes, int]):
        self.counts: dict[Pair, int] = defaultdict(int)
        self._places: dict[Pair, list[int]] = defaultdict(list)
        self._ids: list[int] = [_NOTHING]
        self._weights: list[int] = [0]
        for chunk, count in chunks.items():
            self._ids += [*chunk, _NOTHING]
            self._weights += [count] * (len(chunk) + 1)
        self._before = list(range(-1, len(self._ids) - 1))
        self._after = list(range(1, len(self._ids) + 1))
        for place in range(len(self._ids) - 1):
            self._add(place)

    def merge(self, pair: Pair, new: int) -> list[Pair]:
        """Replace the pair by the new token everywhere, and return the new pairs that this made."""
        ids, before, after = self._ids, self._before, self._after
        made: set[Pair] = set()
        for at in sorted(self._places.pop(pair)):  # left to right, which matters in a run such as aaa
            gone = after[at]
            if (ids[at], ids[gone]) != pair:
                continue
            for start in (before[at], at, gone):
                self._take(start)
            ids[at], ids[gone] = new, _NOTHING
            after[at] = after[gone]
            before[after[at]] = at
            for start in (before[at], at):
                made.add(self._add(start))
        assert self.counts.pop(pair) == 0
        return [pair for pair in made if self.counts.get(pair)]

    def _add(self, place: int) -> Pair:
        pair = self._ids[place], self._ids[self._after[place]]
        if _NOTHING not in pair:
            self.counts[pair] += self._weights[place]
            self._places[pair].append(place)
        return pair

    def _take(self, place: int) -> None:
        pair = self._ids[place], self._ids[self._after[place]]
        if _NOTHING not in pair:
            self.counts[pair] -= self._weights[place]


def _descending(token: bytes) -> str:
    """Return a key that sorts in the opposite order of the bytes, for a heap that gives the smallest first.

    The end mark is greater than any inverted byte, so a longer token comes before its own prefix.
    """
    return "".join(chr(255 - byte) for byte in token) + chr(256)
