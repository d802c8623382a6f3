"""The tokenizer: a split pattern, a vocabulary and special tokens. Text to ids and back, exactly.

Special tokens are never made from text unless the caller allows it: what a user types stays text. A lone surrogate
(half of a UTF-16 pair, which no file can hold) counts as U+FFFD. `encode_bytes` keeps bytes that are not UTF-8, one
token each, and `decode_bytes` gives them back; `decode` shows U+FFFD in their place.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal, Self

from groundup.text import added, bpe, engine, files, offsets, patterns, reading
from groundup.text.added import Roles
from groundup.text.alphabet import printable
from groundup.text.formats import Parts
from groundup.text.frame import Frame
from groundup.text.stream import TextStream
from groundup.text.vocabulary import BytePair, Characters, Words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

END_OF_TEXT = "<|endoftext|>"
UNKNOWN = "<unk>"


class Tokenizer:
    """Text to ids and back; made by `train`, `train_from_texts`, `characters`, `words` or `load`, and then fixed.

    frame: the special tokens that Hugging Face's libraries put before and after a text when they encode it, if the
        file asks for that (LLaMA 3's begins with <|begin_of_text|>). Here `encode` adds nothing and `framed` does.
    roles: what special tokens are for where the file says so ("pad_token" -> "<|pad|>"); it is written out again.
    """

    def __init__(
        self,
        vocabulary: BytePair | Characters | Words,
        pattern: patterns.Pattern = None,
        specials: dict[str, int] | None = None,
        frame: Frame = ((), ()),
        roles: Roles | None = None,
    ):
        self.vocabulary = vocabulary
        self.pattern = pattern
        self.specials = dict(specials or {})
        self.frame = frame
        self.roles = dict(roles or {})
        self._pattern = patterns.compiled(pattern)
        self._bytes = {id: token for token, id in vocabulary.ids.items()}
        self._bytes |= {id: name.encode() for name, id in self.specials.items()}
        if len(self._bytes) < len(vocabulary.ids) + len(self.specials):
            raise ValueError("two tokens of the vocabulary have the same id")
        self.vocab_size = max(self._bytes, default=-1) + 1  # the total, special tokens included
        self._encoder = engine.Encoder(vocabulary, pattern)

    def __repr__(self) -> str:
        specials = ", ".join(self.specials) or "none"
        return f"Tokenizer({self.vocabulary.kind}, {self.vocab_size:,} tokens, specials: {specials})"

    @classmethod
    def train(
        cls,
        paths: str | Path | Iterable[str | Path],
        vocab_size: int,
        *,
        pattern: str = "gpt4",
        specials: Sequence[str] = (END_OF_TEXT,),
        progress: bpe.Progress | None = None,
    ) -> Self:
        """`train_from_texts` on UTF-8 files (also .gz), and on every *.txt and *.txt.gz under folders.

        Long files are read in blocks (with a pattern of your own: whole), so the distinct chunks bound the memory.
        """
        paths = [paths] if isinstance(paths, str | Path) else paths
        whole = patterns.PATTERNS.get(pattern) is None or "\n" in "".join(specials)
        texts = reading.read(paths, whole=whole)
        return cls.train_from_texts(texts, vocab_size, pattern=pattern, specials=specials, progress=progress)

    @classmethod
    def train_from_texts(
        cls,
        texts: str | Iterable[str],
        vocab_size: int,
        *,
        pattern: str = "gpt4",
        specials: Sequence[str] = (END_OF_TEXT,),
        progress: bpe.Progress | None = None,
    ) -> Self:
        """Learn a byte-pair vocabulary (see `bpe` for the algorithm and its tie rule).

        vocab_size: the total: 256 bytes, the merges, the special tokens. It comes out smaller if the texts run out
            of pairs to merge.
        pattern: "gpt4", "gpt2", "o200k", "none" or a regular expression; no token spans two of its matches.
        specials: names of control tokens, which get the last ids. Where they stand in the texts they part them.
        progress: called after each merge with its number, their total, the count, the two ids and the new one.
        """
        merges = vocab_size - 256 - len(specials)
        if merges < 0:
            tokens = f"{len(specials)} special token{'s' * (len(specials) != 1)}"
            raise ValueError(f"vocab_size ({vocab_size}) must be at least {vocab_size - merges}: 256 bytes + {tokens}")
        expression = patterns.named(pattern)
        parts = reading.ordinary_parts(texts, specials)
        vocabulary = BytePair(engine.learn(parts, merges, expression, progress=progress))
        return cls(vocabulary, expression, added.in_order(specials, first=len(vocabulary.ids)))

    @classmethod
    def characters(cls, texts: str | Iterable[str], *, specials: Sequence[str] = ()) -> Self:
        """One id for each character of the texts, in order of code points, then the special tokens."""
        vocabulary = Characters.of(reading.ordinary_parts(texts, specials))
        return cls(vocabulary, None, added.in_order(specials, first=len(vocabulary.ids)))

    @classmethod
    def words(
        cls,
        texts: str | Iterable[str],
        *,
        min_frequency: int = 2,
        vocab_size: int | None = None,
        specials: Sequence[str] = (),
    ) -> Self:
        """One id for each word or sign (`patterns.WORDS`) met `min_frequency` times, the most frequent first.

        All other words become "<unk>", the first of the special tokens, and white space is not kept: decoding puts
        one space between any two tokens. So the way back is exact only for known words, and up to white space.

        vocab_size: at most so many in total, special tokens included.
        """
        names = (UNKNOWN, *(name for name in specials if name != UNKNOWN))
        at_most = None if vocab_size is None else vocab_size - len(names)
        if at_most is not None and at_most <= 0:
            raise ValueError(f"vocab_size ({vocab_size}) must be more than the {len(names)} special tokens")
        vocabulary = Words.of(reading.ordinary_parts(texts, specials), min_frequency=min_frequency, at_most=at_most)
        return cls(vocabulary, None, added.in_order(names, first=len(vocabulary.ids)))

    def encode(self, text: str, *, allowed_special: Collection[str] | Literal["all"] = ()) -> list[int]:
        """The ids of a text; special tokens in it are ordinary text except those allowed ("all": every one)."""
        if not allowed_special:
            return self._encoder.ids(text)
        allowed = self.specials if allowed_special == "all" else {n: self.special_id(n) for n in allowed_special}
        ids: list[int] = []
        for part in patterns.split_at(reading.well_formed(text), allowed):
            ids += [allowed[part]] if part in allowed else self._encoder.ids(part)
        return ids

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The ids of a text, and for each its span (start, end) in characters: text[start:end]."""
        ids = self.encode(text)
        return ids, offsets.offsets(text, ids, self.token_bytes, words=isinstance(self.vocabulary, Words))

    def encode_batch(self, texts: Iterable[str]) -> list[list[int]]:
        """The ids of each text; see `encode`."""
        return self._encoder.batch([*texts])

    def encode_array(self, text: str, *, threads: int | None = None) -> "NDArray[np.int32]":
        """The ids of a text as an array, faster and smaller than a list; threads: all cores by default."""
        return self._encoder.array(text, threads=threads)

    def encode_joined(self, texts: Sequence[str | bytes]) -> "tuple[NDArray[np.int32], NDArray[np.int64]]":
        """The ids of N texts (or their UTF-8, unchecked) one behind the other, and their N + 1 bounds; one thread."""
        return self._encoder.joined(texts)

    def encode_with_dropout(self, text: str, dropout: float, *, random: Random) -> list[int]:
        """BPE-dropout: each possible merge is passed over with probability `dropout`, so the ids differ every time.

        It shows a model in training more ways to write the same word (Provilkov et al. 2020). 0 is `encode`, 1 gives
        bytes, the paper takes 0.1; the text comes back from any of them. Special tokens in it are ordinary text.
        """
        if dropout == 0:
            return self.encode(text)
        if not 0 < dropout <= 1:
            raise ValueError(f"dropout is a probability from 0 to 1, not {dropout}")
        if not isinstance(self.vocabulary, BytePair):
            raise ValueError("only a byte-pair tokenizer has merges to pass over; take dropout=0")
        chunks, drop = patterns.split(reading.well_formed(text), self._pattern), lambda: random.random() < dropout
        return [id for chunk in chunks for id in self.vocabulary.merged(chunk.encode(), drop=drop)]

    def encode_bytes(self, data: bytes) -> list[int]:
        """The ids of any bytes: valid UTF-8 as its text, each byte that is not as a token of its own."""
        ids: list[int] = []
        for part in reading.stretches(data):
            if isinstance(part, str):
                ids += self._encoder.ids(part)
            elif isinstance(self.vocabulary, BytePair):
                ids += [id for byte in part for id in self.vocabulary.merged(bytes([byte]))]
            else:
                raise ValueError(f"byte {part[0]:#x} is not UTF-8; only a byte-pair tokenizer knows such bytes")
        return ids

    def framed(self, ids: Sequence[int]) -> list[int]:
        """The ids with the special tokens of `frame` around them: what Hugging Face's libraries give for a text."""
        return [*map(self.special_id, self.frame[0]), *ids, *map(self.special_id, self.frame[1])]

    def decode(self, ids: Iterable[int], *, skip_special: bool = False) -> str:
        """The text of the ids; bytes that are not UTF-8 become U+FFFD."""
        hidden = set(self.specials.values()) if skip_special else ()
        return self.decode_bytes(id for id in ids if int(id) not in hidden).decode("utf-8", "replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of the ids, exactly."""
        return self.vocabulary.between.join(map(self.token_bytes, ids))

    def stream(self) -> TextStream:
        """Make a decoder that takes ids one at a time and gives whole characters."""
        return TextStream(self.token_bytes, self.vocabulary.between)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """One printable string for each id, for pictures: a space as ␣, parts of a character as \\xe2."""
        return [printable(self.token_bytes(id)) for id in ids]

    def token_bytes(self, id: int) -> bytes:
        """The bytes of one token."""
        if int(id) not in self._bytes:  # int: tensors are told apart by where they lie
            raise ValueError(f"id {id} is not in this vocabulary of {self.vocab_size} tokens")
        return self._bytes[int(id)]

    def special_id(self, name: str) -> int:
        """The id of a special token; a ValueError with the names there are if it has no such."""
        if name not in self.specials:
            there = ", ".join(self.specials) or "none"
            raise ValueError(f"this tokenizer has no special token {name!r}; it has: {there}")
        return self.specials[name]

    @property
    def merges(self) -> bpe.Merges:
        """The merges in the order learnt, as pairs of bytes; none for characters and words."""
        return self.vocabulary.merges if isinstance(self.vocabulary, BytePair) else []

    def save(self, path: str | Path) -> Path:
        """Write `tokenizer.json` into a folder, which `transformers.AutoTokenizer` opens too, or a named .json."""
        return self.export(path, format="json")

    def export(self, path: str | Path, *, format: files.Format) -> Path:
        """Write another format: "gpt2" (two files in a folder), "tiktoken", or "merges" (a list for people).

        ValueError for what a format cannot hold: only "json" and "gpt2" name the special tokens, only "json" the split
        pattern ("gpt2" is for GPT-2's).
        """
        parts = Parts(self.vocabulary, self.pattern, self.specials, self.frame, self.roles)
        return files.export(path, parts, format=format)

    @classmethod
    def load(cls, path: str | Path, *, pattern: str | None = None, specials: Mapping[str, int] | None = None) -> Self:
        """Read a tokenizer file or the folder it lies in (the forms are listed in `files`).

        pattern: a name or an expression, only for files that name none (.tiktoken; vocab.json is GPT-2's by default).
        specials: names and ids of special tokens, only for .tiktoken, which names none.
        """
        return cls(*files.read(path, pattern=pattern, specials=specials))
