"""Byte-pair encoding as in `bpe`, but fast: the same merges and the same ids, for the named split patterns.

Training: each thread splits pieces of the text and counts their chunks; the distinct chunks of all threads are joined
and merged once. The merges depend on counts and bytes only, so threads and hashes cannot change them. Encoding: each
thread looks up chunks in a table of earlier ones. Memory holds the distinct chunks and a few pieces, however long the
text is.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from groundup.machine import cores
from groundup.text import bpe, fast_encode
from groundup.text.fast_compile import compiled, padded
from groundup.text.fast_scan import classes
from groundup.text.fast_split import BLOCK, WHOLE, split
from groundup.text.fast_table import add, empty_table, find, has_room, larger
from groundup.text.fast_train import NONE, Text, learn
from groundup.text.pieces import pieces
from groundup.text.reading import utf8
from groundup.text.vocabulary import BytePair

PIECE = 1 << 20  # characters that a thread takes at a time
GROUP = 1 << 13  # texts that a thread takes at a time


def train(
    texts: Iterable[str],
    merges: int,
    kind: int,
    *,
    progress: bpe.Progress | None = None,
    threads: int | None = None,
) -> bpe.Merges:
    """Learn the merges of `bpe.train` from the chunks of the texts. kind: the split pattern, see `fast_bits`."""
    threads = threads or cores()
    queue, lock = _pieces(texts, kind, PIECE), threading.Lock()

    def count() -> Counts:
        counts = Counts(kind)
        while True:
            with lock:
                piece = next(queue, None)
            if piece is None:
                return counts
            counts.add(piece)

    with ThreadPoolExecutor(threads) as pool:
        first, *others = [job.result() for job in [pool.submit(count) for _ in range(threads)]]
    for other in others:
        first.take(other)
    return train_counted(first.text(), merges, progress=progress)


class Counts:
    """Counts how often each chunk occurs in the texts so far."""

    def __init__(self, kind: int):
        self._kind, self._table, self._counts = kind, empty_table(1 << 14, 1 << 17), np.zeros(1 << 14, np.int64)

    def add(self, text: str) -> None:
        """Count the chunks of one piece."""
        raw = text.encode()
        data, start, end = padded(raw), 0, len(raw)
        while (start := _count(self._table, self._counts, data, start, end, classes(), self._kind)) < end:
            self._grow(end if self._kind == WHOLE else 0)

    def take(self, other: "Counts") -> None:
        """Add the counts of another one."""
        start = 0
        while (start := _take(self._table, self._counts, other._table, other._counts, start)) < other._table.used[0]:
            self._grow(len(other._table.bytes))

    def text(self) -> Text:
        """Return the distinct chunks in the form for training, and free the table of counts."""
        table, counts = self._table, self._counts
        del self._table, self._counts
        size = int(table.ends[table.used[0]] + table.used[0])
        if size >= 2**31:
            raise ValueError(f"the distinct chunks of this text take {size:,} bytes; 2,147,483,647 is the most")
        return _lay_out(table.bytes, table.ends, counts[: table.used[0]])

    def _grow(self, size: int) -> None:
        self._table = larger(self._table, size)
        self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])


def train_counted(text: Text, merges: int, *, progress: bpe.Progress | None = None) -> bpe.Merges:
    """`bpe.train` on counted chunks. It runs in another thread, so that this one can report and be interrupted."""
    learnt, done, stop = np.empty((merges, 3), np.int64), np.zeros(1, np.int64), np.zeros(1, np.bool_)
    told, finished = 0, False
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(learn, text, merges, learnt, done, stop)
        try:
            while not finished:
                finished = bool(wait([job], timeout=0.05).done)
                for left, right, count in learnt[told : done[0]].tolist():
                    told += 1
                    if progress:
                        progress(told, merges, count, left, right, 255 + told)
        finally:
            stop[0] = True
    job.result()  # raises the thread's exception
    tokens, result = [bytes([byte]) for byte in range(256)], []
    for left, right, _ in learnt[:told].tolist():
        result.append((tokens[left], tokens[right]))
        tokens.append(tokens[left] + tokens[right])
    return result


class Encoder:
    """Encodes as splitting and `BytePair.encode` do; each thread remembers the chunks that it has met."""

    def __init__(self, vocabulary: BytePair, kind: int):
        ranks = vocabulary.ranks
        self._kind = kind
        self._ranks = fast_encode.rank_table(
            np.array(list(ranks), np.int64).reshape(-1, 2),
            np.array(list(ranks.values()), np.int32),
            np.array(vocabulary.made, np.int32),
            np.array(vocabulary.outside, np.int32),
        )
        whole = vocabulary.ids if vocabulary.whole_first else {}
        self._first = fast_encode.known_tokens(whole)
        self._idle: list[fast_encode.Known] = []
        # Python's integers, created once: looking them up is twice as fast as creating them, and saves memory.
        self._numbers = np.array(range(max(vocabulary.ids.values()) + 1), object)

    def ids(self, text: str) -> list[int]:
        """Return the ids of the text."""
        ids: list[int] = []
        for piece in self.arrays(text):
            ids += self._numbers[piece].tolist()
        return ids

    def arrays(self, text: str, *, threads: int | None = None) -> Iterator[NDArray[np.int32]]:
        """Yield the ids of the text, piece by piece in order. threads: the most to use; all cores by default."""
        threads = min(threads or cores(), -(-len(text) // PIECE)) or 1
        parts = _pieces([text], self._kind, PIECE)
        if threads == 1:
            yield from map(self._piece, parts)
            return
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(self._piece, parts)

    def batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each of many short texts."""
        groups = [texts[start : start + GROUP] for start in range(0, len(texts), GROUP)]
        with ThreadPoolExecutor(cores()) as pool:
            return [ids for group in pool.map(self._group, groups) for ids in group]

    def _group(self, texts: Sequence[str]) -> list[list[int]]:
        raw = [utf8(text) for text in texts]
        ids, ends = self._encode(b"".join(raw), np.cumsum([0, *map(len, raw)]))
        flat = self._numbers[ids].tolist()
        return [flat[start:end] for start, end in pairwise(ends.tolist())]

    def _piece(self, text: str) -> NDArray[np.int32]:
        data = utf8(text)
        return self._encode(data, np.array([0, len(data)]))[0]

    def _encode(self, data: bytes, bounds: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the ids of every data[bounds[n] : bounds[n + 1]] in one array, and their bounds."""
        try:
            known = self._idle.pop()
        except IndexError:  # other threads use all of them
            known = fast_encode.copied(self._first)
        out, ends = np.empty(len(data), np.int32), np.zeros(len(bounds), np.int64)
        fast_encode.encode(padded(data), bounds, classes(), self._kind, self._ranks, known, out, ends)
        self._idle.append(known)
        return out[: ends[-1]].copy(), ends


def _pieces(texts: Iterable[str], kind: int, size: int) -> Iterator[str]:
    for text in texts:
        yield from [text] if kind == WHOLE else pieces(text, size)


@compiled
def _count(table, counts, data, start, end, classes, kind):
    """Count the chunks of data[start:end] until the table has no room for one. Returns where it stopped."""
    ends = np.empty(BLOCK, np.int64)
    while start < end:
        for block in range(split(data, start, end, classes, kind, ends)):
            number, slot = find(table, data, start, ends[block])
            if number < 0:
                if not has_room(table, ends[block] - start):
                    return start
                number = table.used[0]
                add(table, data, start, ends[block], slot)
            counts[number] += 1
            start = ends[block]
    return start


@compiled
def _take(table, counts, other, other_counts, start):
    """Add another table's counts from number `start` on. Returns the number at which there was no more room."""
    for number in range(start, other.used[0]):
        begin, end = other.ends[number], other.ends[number + 1]
        here, slot = find(table, other.bytes, begin, end)
        if here < 0:
            if not has_room(table, end - begin):
                return number
            here = table.used[0]
            add(table, other.bytes, begin, end, slot)
        counts[here] += other_counts[number]
    return other.used[0]


@compiled
def _lay_out(bytes, ends, counts):
    """Return the `Text` of the chunks that have two bytes or more."""
    size, chunks = 1, 0
    for number in range(len(counts)):
        length = ends[number + 1] - ends[number]
        if length > 1:
            size += length + 1
            chunks += 1
    text = Text(np.empty(size + 256, np.uint8), np.full(size, np.int32(NONE)), np.empty(chunks, np.int64))
    at, chunk = 1, 0
    for number in range(len(counts)):
        length = ends[number + 1] - ends[number]
        if length > 1:
            text.data[at : at + length] = bytes[ends[number] : ends[number + 1]]
            text.chunk[at : at + length] = chunk
            text.times[chunk] = counts[number]
            at, chunk = at + length + 1, chunk + 1
    for byte in range(256):
        text.data[size + byte] = byte
    return text
