"""Text of any size into token shards, on all cores: read, encode, write, each a little ahead of the next.

Every document begins with the end-of-text token, as in the published GPT-2 reproductions (llm.c, build-nanogpt): what a
model reads first is then a token, and what it says last is the end. The first tokens are for validation.

One thread reads; others encode groups of pieces, with Python's lock released; their tokens come back in order and are
written here, some groups behind, so that nothing stops while a file is synced. So the result depends on neither the
number of threads nor their speed, and memory holds a few groups.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np

from groundup.data.corpus import text_files
from groundup.data.documents import Piece, read_pieces
from groundup.data.encoded import Encoded
from groundup.data.marks import ENDS_OF_TEXT, end_of_text
from groundup.data.shard_writer import CONTENT, ShardWriter
from groundup.data.shards import Shards
from groundup.machine import cores
from groundup.text import engine
from groundup.text.patterns import PATTERNS
from groundup.text.tokenizer import Tokenizer
from groundup.text.vocabulary import BytePair

SHARD = 100_000_000  # ids, as published
GROUP = 1 << 19  # characters that a thread encodes at a time
AHEAD = 8  # groups read, and as many encoded, before they are wanted
ENDS = 1 << 16  # bytes of a file's beginning, and of its end, by which it is known again
LOCK = ".lock"  # held by the operating system while a process writes into the folder
BYTES = 400  # of the source for each token held out: about a hundredth of it

Progress = Callable[[int, int, int], object]
"""Told bytes of the source read so far, bytes of all of it, and tokens written so far."""


def prepare(
    source: str | Path | list[Path],
    tokenizer: Tokenizer,
    folder: str | Path,
    *,
    shard_tokens: int = SHARD,
    valid_tokens: int | None = None,
    column: str = "text",
    workers: int | None = None,
    progress: Progress = lambda read, size, tokens: None,
) -> Shards:
    """Encode a file, a folder or some files into a folder of shards, or go on where an earlier call was killed.

    valid_tokens: the first tokens are held out in a shard of their own; None takes about a hundredth of the source, at
    most a shard. workers: threads, all cores by default. ValueError with file and place for whatever cannot be read.
    """
    _check(shard_tokens=shard_tokens, valid_tokens=valid_tokens, workers=workers)
    files = source if isinstance(source, list) else text_files(source)
    sizes = [file.stat().st_size for file in files]
    valid = min(shard_tokens, sum(sizes) // BYTES) if valid_tokens is None else valid_tokens
    if (end := end_of_text(tokenizer)) is None:
        names, there = " or ".join(ENDS_OF_TEXT), ", ".join(tokenizer.specials) or "none"
        raise ValueError(f"the tokenizer has no {names} to part documents; its special tokens: {there}")
    named = [[file.name, size] for file, size in zip(files, sizes, strict=True)]
    about = {"files": named, "column": column, CONTENT: _content(files, sizes)}
    with _alone(Path(folder)):
        writer = ShardWriter(folder, tokenizer, size=shard_tokens, valid=valid, about=about)
        if writer.finished:  # by an earlier call: whether it is still what was written must be seen
            shards = Shards.open(folder)
            shards.check()
            return shards
        _load_compiled(tokenizer, sum(sizes))
        place, before = writer.place, np.cumsum([0, *sizes])
        pieces = read_pieces(files, file=place.file, number=place.number, whole=_whole(tokenizer), column=column)
        encode = partial(_encode, tokenizer=tokenizer, end=end)
        written = place.tokens
        try:
            for encoded in in_order(encode, ahead(groups(pieces)), workers=workers or cores()):
                writer.add(encoded.without(written))
                written, last = 0, encoded.pieces[-1]
                progress(int(before[last.file]) + last.read, int(before[-1]), writer.tokens)
            writer.finish(source=files[0] if len(files) == 1 else os.path.commonpath(files))
        except BaseException:
            writer.abandon()
            raise
        return Shards.open(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Inside, no other process writes into the folder; ValueError while another one does."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(f"{folder}: another process is writing into it; wait for it, or give another --out") from None
    try:
        yield
    finally:
        with suppress(OSError):  # a process that has it open already finds that it is gone; Windows removes it itself
            Path(lock.lock_file).unlink()
        lock.release()
        with suppress(OSError):  # not empty
            folder.rmdir()


def groups(pieces: Iterable[Piece], size: int = GROUP) -> Iterator[list[Piece]]:
    """The pieces in groups of about `size` characters."""
    group, held = [], 0
    for piece in pieces:
        group.append(piece)
        held += len(piece.text)
        if held >= size:
            yield group
            group, held = [], 0
    if group:
        yield group


def ahead(groups: Iterable[list[Piece]]) -> Iterator[list[Piece]]:
    """The same groups; a thread of their own has some ready before they are asked for."""
    taken = iter(groups)
    with ThreadPoolExecutor(1) as pool:
        try:
            waiting = deque(pool.submit(next, taken, None) for _ in range(AHEAD))
            while (group := waiting.popleft().result()) is not None:
                waiting.append(pool.submit(next, taken, None))
                yield group
        finally:
            pool.shutdown(cancel_futures=True)


def in_order(
    encode: Callable[[list[Piece]], Encoded], groups: Iterable[list[Piece]], *, workers: int
) -> Iterator[Encoded]:
    """Every group encoded, by some threads, in the order of the groups; a few are under way at a time."""
    waiting: deque[Future[Encoded]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for group in groups:
                waiting.append(pool.submit(encode, group))
                if len(waiting) > AHEAD + 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _content(files: list[Path], sizes: list[int]) -> str:
    """SHA-256 of how the files begin and end: a copy has the same, another text of that name and size hardly ever."""
    found = hashlib.sha256()
    for path, size in zip(files, sizes, strict=True):
        with path.open("rb") as file:
            found.update(file.read(ENDS))
            file.seek(max(0, size - ENDS))
            found.update(file.read(ENDS))
    return found.hexdigest()


def _check(*, shard_tokens: int, valid_tokens: int | None, workers: int | None) -> None:
    """ValueError for a number that cannot be."""
    for name, number, least, cure in (
        ("shard_tokens", shard_tokens, 1, SHARD),
        ("valid_tokens", valid_tokens, 0, 0),
        ("workers", workers, 1, cores()),
    ):
        if number is not None and number < least:
            raise ValueError(f"{name} ({number}) must be at least {least}; try --{name.replace('_', '-')} {cure}")


def _encode(group: list[Piece], *, tokenizer: Tokenizer, end: int) -> Encoded:
    """The ids of some pieces, the end-of-text token before each document."""
    ids, bounds = tokenizer.encode_joined([piece.text for piece in group])
    begins = np.array([piece.begins for piece in group])
    if begins.any():
        ids = np.insert(ids, bounds[:-1][begins], end)
        bounds = bounds + np.concatenate([[0], np.cumsum(begins)])
    return Encoded(group, ids.astype(np.uint16 if tokenizer.vocab_size <= 1 << 16 else np.uint32), bounds)


def _whole(tokenizer: Tokenizer) -> bool:
    """Whether documents must be encoded in one piece: a pattern of the user's own may match across any cut."""
    return isinstance(tokenizer.vocabulary, BytePair) and tokenizer.pattern not in {*PATTERNS.values()} - {None}


def _load_compiled(tokenizer: Tokenizer, size: int) -> None:
    """Decide once, by bytes of the whole source, for the compiled loops; the groups alone are too small to pay."""
    if engine.pays(3 * size) and isinstance(tokenizer.vocabulary, BytePair):  # packed, text is a third of its size
        import groundup.text.fast_bpe  # noqa: F401
