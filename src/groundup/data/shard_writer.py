"""Writing a folder of shards so that nothing is lost, doubled or half there, even if the power goes off.

A shard is written aside, synced, hashed and renamed; then the record of what is finished (`.progress.json`), which also
says at which place of the source the next shard begins, takes the place of the one before. So a killed process goes on
at the last finished shard, and ends with the same bytes as if nothing had happened.
"""

import json
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from groundup.data.encoded import Encoded, Place
from groundup.data.shards import FORMAT, INDEX, PROGRESS, TOKENIZER, fingerprint, sealed
from groundup.data.token_files import HEADER, IDS, MAGIC, VERSION
from groundup.files import digest, write_whole
from groundup.records import read_json
from groundup.text.tokenizer import Tokenizer

CONTENT = "content"
"""What `about` says of the files besides their names and sizes; folders from before that go on without."""
SYNC = 1 << 22  # ids after which the disk is told to begin, so that little is left to wait for at the end


class ShardWriter:
    """A folder of shards that is being written, from its beginning or from the last shard that was finished."""

    def __init__(
        self, folder: str | Path, tokenizer: Tokenizer, *, size: int, valid: int, about: dict[str, Any] | None = None
    ) -> None:
        """size: ids of a shard; valid: of the first one, which is for validation (0: there is none).

        folder: new, empty, or one that was begun `about` the same source. ValueError for any other.
        """
        self.folder, self._tokenizer, self._size, self._valid = Path(folder), tokenizer, size, valid
        self._print = fingerprint(tokenizer)
        self._type = IDS[2 if tokenizer.vocab_size <= 1 << 16 else 4]
        self._about = {"tokenizer": self._print.hex(), "shard_tokens": size, "valid_tokens": valid, **(about or {})}
        self.shards: list[dict[str, Any]] = []
        self.place = Place()
        """Where the source goes on behind the finished shards."""
        self.finished = False
        self._held, self._documents, self._file = 0, 0, None
        self._aside = ThreadPoolExecutor(2)
        self._syncing: Future[None] | None = None
        self._begin()
        self._reached = self.place

    @property
    def tokens(self) -> int:
        """Written so far."""
        return sum(shard["tokens"] for shard in self.shards) + self._held

    def add(self, encoded: Encoded) -> None:
        """Write these ids; every shard that they fill is finished."""
        done, end = 0, len(encoded.ids)
        with self._named_errors():
            while done < end:
                now = min(end, done + self._room())
                self._write(encoded, done, now)
                done = now
                self._reached = encoded.place(done)
                if self._room() == 0:
                    self._close()
                    self._save_progress()

    def finish(self, *, source: str | Path) -> None:
        """The last shard and the index. ValueError, naming the source, if there is nothing to learn from in it."""
        with self._named_errors():
            if self._held:
                self._close()  # the index follows at once, and takes the place of the record
            self._saving.result()  # going on, nothing may have been left to do but this
            for leftover in self.folder.glob(f".{TOKENIZER}.*"):  # of one that was killed while it saved
                leftover.unlink()
            if not any(shard["part"] == "train" for shard in self.shards):
                raise ValueError(f"{source}: {self._too_little()}")
            index = {
                "format": FORMAT,
                "tokenizer": self._print.hex(),
                "vocab_size": self._tokenizer.vocab_size,
                "tokens": self.tokens,
                "valid": f"the first {self._valid:,} tokens" if self._valid else "none",
                "about": self._about,
                "shards": self.shards,
            }
            _save(self.folder / INDEX, sealed(index))
            (self.folder / PROGRESS).unlink()
        self._aside.shutdown()
        self.finished = True

    def abandon(self) -> None:
        """Let go of the shard in hand; remove everything where none is finished, so that one may begin again."""
        wait([self._saving])
        self._aside.shutdown()
        with suppress(OSError):  # what was wrong before is what must be told
            if self._file is not None:
                Path(self._file.name).unlink()
                self._file.close()
            if not self.shards:
                for name in (TOKENIZER, PROGRESS):
                    (self.folder / name).unlink(missing_ok=True)
                self.folder.rmdir()

    def _begin(self) -> None:
        progress, index = self.folder / PROGRESS, self.folder / INDEX
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = not progress.is_file()
        if index.is_file():
            self._agree(index, _read(index))
            self.finished = True
            progress.unlink(missing_ok=True)
            return
        if not fresh:
            found = _read(progress)
            self._agree(progress, found)
            self.shards, self.place = found["shards"], Place(*found["place"])
            for shard in self.shards:
                path = self.folder / shard["file"]
                if not path.is_file() or digest(path) != shard["sha256"]:
                    fault = "damaged" if path.is_file() else "missing"
                    raise ValueError(f"{path}: {fault}; begin again in another folder")
        elif any(not file.name.startswith(".") for file in self.folder.iterdir()):
            raise ValueError(f"{self.folder}: not empty; give a new folder for the shards")
        self._saving = self._aside.submit(self._save_first, fresh)  # it takes a while, and nothing needs to wait

    def _agree(self, path: Path, found: dict[str, Any]) -> None:
        """ValueError if what lies there was made of something else."""
        about, ours = found.get("about"), json.loads(json.dumps(self._about))
        if isinstance(about, dict) and CONTENT not in about:
            ours.pop(CONTENT, None)
        if about != ours:
            other = [key for key in ours if not isinstance(about, dict) or about.get(key) != ours[key]]
            what = ", ".join(other).replace("_", " ")
            raise ValueError(f"{path}: the shards there were made with other {what}; give another folder, or remove it")

    def _too_little(self) -> str:
        """Why there is nothing to learn from; what was held out is removed."""
        tokens = self.tokens
        while self.shards:
            (self.folder / self.shards.pop()["file"]).unlink(missing_ok=True)
        fewer = f"all {tokens:,} tokens would be for validation; hold out fewer: --valid-tokens {tokens // 10}"
        return fewer if tokens else "there is no text in it"

    def _room(self) -> int:
        size = self._valid if not self.shards and self._valid else self._size
        return size - self._held

    def _write(self, encoded: Encoded, first: int, end: int) -> None:
        if self._file is None:
            part = "valid" if not self.shards and self._valid else "train"
            self._file = (self.folder / f".{part}-{len(self.shards):05}.bin").open("wb")
            self._file.write(bytes(HEADER.size))
        self._file.write(encoded.ids[first:end].astype(self._type, copy=False).data)
        self._documents += encoded.documents(first, end)
        if self._held // SYNC < (self._held + end - first) // SYNC:
            self._sync()
        self._held += end - first

    def _sync(self) -> None:
        """Have another thread put on the disk what is written so far."""
        assert self._file is not None
        if self._syncing is None or self._syncing.done():
            self._wait_for_sync()
            self._syncing = self._aside.submit(os.fsync, self._file.fileno())

    def _wait_for_sync(self) -> None:
        if self._syncing is not None:
            self._syncing.result()  # raises what went wrong
            self._syncing = None

    def _close(self) -> None:
        assert self._file is not None
        self._saving.result()
        unfinished = Path(self._file.name)
        path = unfinished.with_name(unfinished.name[1:])
        self._file.seek(0)
        self._file.write(HEADER.pack(MAGIC, VERSION, self._type.itemsize, self._held, self._print))
        self._file.flush()
        hashing = self._aside.submit(digest, unfinished)
        self._wait_for_sync()
        os.fsync(self._file.fileno())
        self._file.close()
        sha256 = hashing.result()
        os.replace(unfinished, path)
        shard = {"file": path.name, "part": path.stem.split("-")[0], "tokens": self._held}
        self.shards.append(shard | {"documents": self._documents, "sha256": sha256})
        self.place = self._reached
        self._held, self._documents, self._file = 0, 0, None

    def _save_first(self, fresh: bool) -> None:
        """What must lie there before the first shard. Of the tokenizer one file: the index vouches for no other."""
        if fresh:
            self._save_progress()
        self._tokenizer.save(self.folder / TOKENIZER)

    def _save_progress(self) -> None:
        _save(self.folder / PROGRESS, sealed({"about": self._about, "place": list(self.place), "shards": self.shards}))

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """A full disk does not say which file it means."""
        try:
            yield
        except OSError as error:
            path = error.filename or (self._file.name if self._file else self.folder)
            kept = f"{error.strerror}; {len(self.shards)} finished shards are kept, the same command goes on with them"
            raise OSError(error.errno, kept, str(path)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
        if found != sealed({key: found[key] for key in found if key != "sha256"}):
            raise ValueError("its SHA-256 is not its own")
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: damaged: {error}; remove the folder and begin again") from None
    return found


def _save(path: Path, content: dict[str, Any]) -> None:
    """Write JSON whole or not at all, and have it on the disk before going on."""
    write_whole(path, json.dumps(content, indent=1) + "\n", durable=True)
