"""Tokens on disk: a folder of shards in some order, and an index that vouches for them.

`groundup data prepare` writes such a folder: shards (see `token_files`), the tokenizer.json that made them, and last of
all `index.json` with the SHA-256 of each and of itself: a folder of ours without one is unfinished. Folders that llm.c
and build-nanogpt write have no index; there, shards with the word "val" in their name are for validation.

A shard is mapped into memory as it is needed, so a text of any length, in any number of shards, takes little of it.
"""

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundup.data.corpus import TEXT_SUFFIXES
from groundup.data.token_files import GPT2, MappedIds, looks_like_tokens, map_tokens
from groundup.files import digest
from groundup.records import LARGEST, read_json, short
from groundup.text.tokenizer import Tokenizer
from groundup.text.unpacked import suffix

FORMAT = 1
INDEX, TOKENIZER = "index.json", "tokenizer.json"
PROGRESS = ".progress.json"
"""What a folder has instead of an index until it is finished (`data.shard_writer`)."""
PARTS = ("train", "valid")

_OLD_INDEX = {"format", "tokenizer", "vocab_size", "tokens", "shards"}  # had no SHA-256 of its own
_LOOK = 1 << 24  # ids looked at in one go

Rows = Sequence[MappedIds | NDArray[Any]]
"""Ids, shard by shard."""


def fingerprint(tokenizer: Tokenizer) -> bytes:
    """SHA-256 of what decides the ids: vocabulary, merges, split pattern and special tokens."""
    vocabulary = tokenizer.vocabulary
    told = [type(vocabulary).__name__, getattr(vocabulary, "whole_first", False), tokenizer.pattern]
    found = hashlib.sha256(json.dumps([*told, sorted(tokenizer.specials.items())]).encode())
    ids, merges = vocabulary.ids, tokenizer.merges
    found.update(np.array(sorted(ids.values()), "<i8").tobytes())
    for words in (sorted(ids, key=ids.__getitem__), *([one[side] for one in merges] for side in (0, 1))):
        found.update(np.array([len(words), *map(len, words)], "<i8").tobytes())  # or "a", "bc" would be "ab", "c"
        found.update(b"".join(words))
    return found.digest()


class Shard(NamedTuple):
    """One file of a folder."""

    path: Path
    part: str | None
    """train, valid, or None where nothing says."""
    ids: MappedIds
    start: int
    """The byte of the file at which the ids begin."""
    sha256: str | None
    """Of the whole file; None where no index says."""


Watched = Callable[[Sequence[Shard]], Iterable[Shard]]


@dataclass(frozen=True)
class Shards:
    """The shards of a folder in order, as maps of the files."""

    folder: Path
    shards: tuple[Shard, ...]
    vocab_size: int
    fingerprint: str | None
    """Hexadecimal `fingerprint` of the tokenizer that made them; None where no index says."""

    def __len__(self) -> int:
        """Ids in all shards."""
        return sum(map(len, self.rows))

    @property
    def rows(self) -> Rows:
        return [shard.ids for shard in self.shards]

    @classmethod
    def open(cls, folder: str | Path) -> "Shards":
        """ValueError if there are none or they are unfinished; with file and byte if one is not what it should be."""
        folder = Path(folder)
        if (folder / INDEX).is_file():
            return _indexed(folder)
        found = [(path, map_tokens(path)) for path in _candidates(folder)]
        if not found and not (folder / PROGRESS).is_file():
            raise ValueError(
                f"{folder}: no token shards there; make them of text: "
                "groundup data prepare SOURCE --tokenizer gpt2 --out NEW_FOLDER"
            )
        if not found or any(file.tokenizer is not None for _, file in found):
            raise ValueError(f"{folder}: no {INDEX}; its shards were not finished, go on with them or make them again")
        shards = [Shard(path, _part(path), file.ids, file.start, None) for path, file in found]
        sizes = {file.vocab_size for _, file in found}
        if len(sizes) > 1:
            raise ValueError(f"{folder}: shards of different tokenizers in one folder")
        shards = cls(folder, tuple(shards), sizes.pop() or GPT2, None)
        own = (folder / TOKENIZER).is_file()
        return replace(shards, vocab_size=shards.load_tokenizer().vocab_size) if own else shards

    def parts(self, valid: float) -> tuple[Rows, Rows]:
        """Ids to learn from and ids to judge by: as the folder says, else the last `valid` share of all of them."""
        held_out = [shard.ids for shard in self.shards if shard.part == "valid"]
        if held_out:
            return [shard.ids for shard in self.shards if shard.part != "valid"], held_out
        cut, before, after = int(len(self) * (1 - valid)), [], []
        for ids in (shard.ids for shard in self.shards):
            before.append(ids.part(0, cut))
            after.append(ids.part(cut, len(ids)))
            cut = max(0, cut - len(ids))
        return [ids for ids in before if len(ids)], [ids for ids in after if len(ids)]

    def load_tokenizer(self) -> Tokenizer:
        """The tokenizer that lies beside the shards, or GPT-2's for those that nothing else can have made.

        ValueError if it is not the one that made them.
        """
        if not (self.folder / TOKENIZER).is_file():
            if self.fingerprint is None and self.vocab_size == GPT2:
                return load_gpt2()
            raise ValueError(f"{self.folder}: no {TOKENIZER} beside the shards; put the one there that made them")
        tokenizer = Tokenizer.load(self.folder / TOKENIZER)
        if self.fingerprint is not None and fingerprint(tokenizer).hex() != self.fingerprint:
            raise ValueError(f"{self.folder / TOKENIZER}: not the tokenizer that {INDEX} says made the shards")
        return tokenizer

    def check(self, *, rank: int = 0, ranks: int = 1, watched: Watched = iter) -> None:
        """Read everything: ValueError for a file whose SHA-256 differs or an id outside the vocabulary.

        Of several ranks each reads its share. `watched` goes through the shards, and may show how far that is.
        """
        for shard in watched(self.shards[rank::ranks]):
            if shard.sha256 is not None and digest(shard.path) != shard.sha256:
                raise ValueError(f"{shard.path}: damaged, its SHA-256 is not that of {INDEX}")
            for first in range(0, len(shard.ids), _LOOK):
                ids = shard.ids[first : first + _LOOK]
                if ids.max() >= self.vocab_size:
                    at = int(np.argmax(ids >= self.vocab_size))
                    byte = shard.start + (first + at) * ids.itemsize
                    raise ValueError(f"{shard.path}: id {ids[at]} at byte {byte} is not below {self.vocab_size:,}")


def is_shard_folder(path: str | Path) -> bool:
    """Whether the folder is one of token shards, finished or not; damaged ones too, where there is no text."""
    folder = Path(path)
    if not folder.is_dir():
        return False
    index = folder / INDEX  # others have files of that name too
    said = index.read_text(encoding="utf-8", errors="replace") if index.is_file() else ""
    begun = '"shards"' in said or (folder / PROGRESS).is_file()
    candidates = _candidates(folder)
    return begun or any(map(looks_like_tokens, candidates)) or (bool(candidates) and not _holds_text(folder))


def load_gpt2() -> Tokenizer:
    """GPT-2's tokenizer from the folder gpt2-bpe that lies in GROUNDUP_DATA."""
    root = os.environ.get("GROUNDUP_DATA")
    if not root or not (folder := Path(root) / "gpt2-bpe").is_dir():
        raise FileNotFoundError(
            "GPT-2's tokenizer is not on this machine: put its encoder.json and vocab.bpe (or tokenizer.json) into "
            "gpt2-bpe/ in the folder that GROUNDUP_DATA names"
        )
    return Tokenizer.load(folder)


def sealed(index: dict[str, Any]) -> dict[str, Any]:
    """The index with the SHA-256 of everything in it."""
    return index | {"sha256": hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest()}


def _indexed(folder: Path) -> Shards:
    path = folder / INDEX
    index = read_json(path)
    try:
        if index["format"] != FORMAT:
            raise ValueError(f"format {short(index['format'])} is not {FORMAT}")
        if set(index) != _OLD_INDEX and index != sealed({key: index[key] for key in index if key != "sha256"}):
            raise ValueError("its SHA-256 is not its own")
        names = [shard["file"] for shard in index["shards"]]
        if wrong := [name for name in names if not isinstance(name, str) or Path(name).name != name]:
            raise ValueError(f"the shard {short(wrong[0])} is not the name of a file in this folder")
        if repeated := [name for name, count in Counter(names).items() if count > 1]:
            raise ValueError(f"the shard {repeated[0]} is listed twice")
        listed = [(folder / s["file"], s.get("part"), _count(s["tokens"]), str(s["sha256"])) for s in index["shards"]]
        if not {part for _, part, *_ in listed} <= {*PARTS, None}:
            raise ValueError(f"parts are {', '.join(PARTS)}")
        vocab_size, made_by = _count(index["vocab_size"], most=1 << 32), str(index["tokenizer"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: damaged: {error}") from None
    if not listed:
        raise ValueError(f"{path}: damaged: it lists no shards")
    shards = tuple(_listed(*shard, made_by) for shard in listed)
    return Shards(folder, shards, vocab_size, made_by)


def _count(value: Any, *, most: int = LARGEST) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(f"{short(value)} is no whole number from 1 to {most:,}")
    return value


def _listed(path: Path, part: str | None, tokens: int, sha256: str, made_by: str) -> Shard:
    """A shard as the index lists it, its header looked at."""
    file = map_tokens(path)
    if file.tokenizer is None:
        raise ValueError(f"{path}: not a token shard of groundup (byte 0)")
    if len(file.ids) != tokens:
        raise ValueError(f"{path}: {len(file.ids):,} ids (byte 24), where {INDEX} says {tokens:,}")
    if file.tokenizer != made_by:
        raise ValueError(f"{path}: made by another tokenizer than {INDEX} says (byte 32)")
    return Shard(path, part, file.ids, file.start, sha256)


def _candidates(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix in (".bin", ".npy") and file.is_file())


def _holds_text(folder: Path) -> bool:
    return any(suffix(file) in TEXT_SUFFIXES for file in folder.rglob("[!.]*"))


def _part(path: Path) -> str:
    """As llm.c and build-nanogpt name them: fineweb_val_000000.bin, edufineweb_train_000001.npy."""
    return "valid" if re.search(r"(^|[^a-z])val(id|idation)?([^a-z]|$)", path.stem.lower()) else "train"
