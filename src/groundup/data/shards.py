"""Tokens on disk: a folder of shards, each a header and a row of ids, and an index that vouches for them.

    header   64 bytes, little-endian: magic (16 bytes), version and bytes an id (4 each), count (8), tokenizer (32)
    ids      uint16 where the vocabulary has at most 65,536 tokens, else uint32

A shard is mapped into memory, so a text of any length is read as it is needed. `index.json` is written last and holds
the SHA-256 of every shard: a folder without one is unfinished.
"""

import hashlib
import json
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundup.text import formats
from groundup.text.tokenizer import END_OF_TEXT, Tokenizer

MAGIC, VERSION = b"groundup tokens\n", 1
HEADER = struct.Struct("<16sIIQ32s")
INDEX = "index.json"
IDS = {2: np.dtype("<u2"), 4: np.dtype("<u4")}
SHARD = 100_000_000  # ids


def fingerprint(tokenizer: Tokenizer) -> bytes:
    """SHA-256 of what decides the ids: vocabulary, merges, split pattern and special tokens."""
    content = formats.to_json(formats.Parts(tokenizer.vocabulary, tokenizer.pattern, tokenizer.specials, ((), ())))
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()


class ShardWriter:
    """Encodes texts straight into shards; use it with `with`, and the index is there when it ends without an error."""

    def __init__(self, folder: str | Path, tokenizer: Tokenizer, *, size: int = SHARD):
        """folder: new or empty. size: ids of a shard; the last one has the rest."""
        self.folder = Path(folder)
        if self.folder.exists() and any(self.folder.iterdir()):
            raise ValueError(f"{self.folder}: not empty; give a new folder for the shards")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tokens = 0
        self._tokenizer, self._size, self._print = tokenizer, size, fingerprint(tokenizer)
        self._type = IDS[2 if tokenizer.vocab_size <= 1 << 16 else 4]
        self._waiting: list[NDArray[Any]] = []
        self._held = 0
        self._shards: list[dict[str, Any]] = []

    def write(self, text: str) -> None:
        """Add a text, or the next part of one."""
        self._add(self._tokenizer.encode_array(text).astype(self._type))

    def end_document(self) -> None:
        """Part what was written from what follows by the end-of-text token, if the tokenizer has one."""
        if END_OF_TEXT in self._tokenizer.specials:
            self._add(np.array([self._tokenizer.specials[END_OF_TEXT]], self._type))

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            return
        if self._held:
            self._close_shard(self._held)
        if not self.tokens:
            raise ValueError(f"{self.folder}: there is no text to write shards of")
        index = {
            "format": VERSION,
            "tokenizer": self._print.hex(),
            "vocab_size": self._tokenizer.vocab_size,
            "tokens": self.tokens,
            "shards": self._shards,
        }
        unfinished = self.folder / f".{INDEX}"
        unfinished.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
        os.replace(unfinished, self.folder / INDEX)

    def _add(self, ids: NDArray[Any]) -> None:
        self._waiting.append(ids)
        self._held += len(ids)
        self.tokens += len(ids)
        while self._held >= self._size:
            self._close_shard(self._size)

    def _close_shard(self, count: int) -> None:
        ids = np.concatenate(self._waiting)
        self._waiting, self._held = [ids[count:]], len(ids) - count
        path = self.folder / f"tokens-{len(self._shards):05}.bin"
        content = HEADER.pack(MAGIC, VERSION, self._type.itemsize, count, self._print) + ids[:count].tobytes()
        path.write_bytes(content)
        self._shards.append({"file": path.name, "tokens": count, "sha256": hashlib.sha256(content).hexdigest()})


@dataclass(frozen=True)
class Shards:
    """The ids of a folder, shard by shard, as maps of the files."""

    folder: Path
    vocab_size: int
    tokenizer: str
    """Hexadecimal `fingerprint` of the tokenizer that made them."""
    rows: tuple[NDArray[Any], ...]
    digests: tuple[str, ...]

    def __len__(self) -> int:
        """Ids in all shards."""
        return sum(map(len, self.rows))

    @classmethod
    def open(cls, folder: str | Path) -> "Shards":
        """ValueError with the file and the place if the folder is unfinished, or a shard is not what the index says."""
        folder = Path(folder)
        if not (folder / INDEX).is_file():
            raise ValueError(f"{folder}: no {INDEX}; its shards were not finished, make them again")
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            if index["format"] != VERSION:
                raise ValueError(f"format {index['format']} is not {VERSION}")
            listed = [(str(shard["file"]), int(shard["tokens"]), str(shard["sha256"])) for shard in index["shards"]]
            vocab_size, tokenizer = int(index["vocab_size"]), str(index["tokenizer"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{folder / INDEX}: damaged: {error}") from None
        rows = tuple(_row(folder / file, tokens, tokenizer) for file, tokens, _ in listed)
        return cls(folder, vocab_size, tokenizer, rows, tuple(digest for *_, digest in listed))

    def check(self, progress: Callable[[int], object] = lambda shard: None) -> None:
        """Read everything: ValueError for a file whose SHA-256 differs or an id outside the vocabulary."""
        for number, (row, digest) in enumerate(zip(self.rows, self.digests, strict=True)):
            path = self.folder / f"tokens-{number:05}.bin"
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    raise ValueError(f"{path}: damaged, its SHA-256 is not that of {INDEX}")
            if (outside := np.flatnonzero(row >= self.vocab_size)).size:
                at = HEADER.size + int(outside[0]) * row.itemsize
                raise ValueError(f"{path}: id {row[outside[0]]} at byte {at} is not below vocab_size {self.vocab_size}")
            progress(number)


def _row(path: Path, tokens: int, tokenizer: str) -> NDArray[Any]:
    """One shard as a map of its file, its header and size looked at."""
    if not path.is_file():
        raise ValueError(f"{path}: missing, {INDEX} lists it")
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEADER.size)
    if len(head) < HEADER.size or head[: len(MAGIC)] != MAGIC:
        raise ValueError(f"{path}: not a token shard of groundup (byte 0)")
    _, version, width, count, made_by = HEADER.unpack(head)
    if version != VERSION or width not in IDS:
        raise ValueError(f"{path}: version {version} with {width} bytes an id cannot be read (byte 16)")
    if count != tokens or size != HEADER.size + count * width:
        needed = HEADER.size + tokens * width
        raise ValueError(
            f"{path}: {size:,} bytes for {count:,} ids, where {INDEX} says {tokens:,} ids, {needed:,} bytes"
        )
    if made_by.hex() != tokenizer:
        raise ValueError(f"{path}: made by another tokenizer than {INDEX} says (byte 32)")
    return np.memmap(path, IDS[width], "r", offset=HEADER.size, shape=(count,))
