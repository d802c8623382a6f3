"""The tokenizer: a split pattern, a vocabulary and special tokens. It turns text into ids and back, exactly.

Text becomes a special token only if the caller allows it: what a user types stays text. A lone surrogate (half of a
UTF-16 pair, which no file can hold) is read as U+FFFD. `encode_bytes` keeps bytes that are not UTF-8, one token each,
and `decode_bytes` returns them; `decode` shows U+FFFD in their place.
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
    """Text to ids and back. Created by `train`, `train_from_texts`, `characters`, `words` or `load`; does not change.

    frame: the special tokens that Hugging Face's libraries put before and after an encoded text, if the file asks for
        it (LLaMA 3's text begins with <|begin_of_text|>). Here `encode` adds nothing, and `framed` adds them.
    roles: the use of special tokens, if the file states it ("pad_token" -> "<|pad|>"). `save` writes it again.
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

        Long files are read in blocks (whole, with your own pattern), so memory holds the distinct chunks only.
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

        vocab_size: the total of 256 bytes, the merges and the special tokens. The result is smaller if the texts have
            no more pairs to merge.
        pattern: "gpt4", "gpt2", "o200k", "none" or a regular expression; no token spans two of its matches.
        specials: names of control tokens, which get the last ids. The texts are cut where they contain one.
        progress: called after each merge with its number, the total, the count, the two ids and the new id.
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
        """Make a vocabulary of the characters in the texts, in order of code points, and the special tokens."""
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
        """Make a vocabulary of the words and signs (`patterns.WORDS`) met `min_frequency` times, most frequent first.

        All other words become "<unk>", the first of the special tokens. White space is not kept: decoding puts one
        space between any two tokens. So decoding is exact for known words only, and except for white space.

        vocab_size: the most tokens in total, special tokens included.
        """
        names = (UNKNOWN, *(name for name in specials if name != UNKNOWN))
        at_most = None if vocab_size is None else vocab_size - len(names)
        if at_most is not None and at_most <= 0:
            raise ValueError(f"vocab_size ({vocab_size}) must be more than the {len(names)} special tokens")
        vocabulary = Words.of(reading.ordinary_parts(texts, specials), min_frequency=min_frequency, at_most=at_most)
        return cls(vocabulary, None, added.in_order(names, first=len(vocabulary.ids)))

    def encode(self, text: str, *, allowed_special: Collection[str] | Literal["all"] = ()) -> list[int]:
        """Return the ids of a text. Special tokens in it are ordinary text unless allowed ("all": every one)."""
        if not allowed_special:
            return self._encoder.ids(text)
        allowed = self.specials if allowed_special == "all" else {n: self.special_id(n) for n in allowed_special}
        ids: list[int] = []
        for part in patterns.split_at(reading.well_formed(text), allowed):
            ids += [allowed[part]] if part in allowed else self._encoder.ids(part)
        return ids

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the ids of a text, and the span (start, end) of each in characters: text[start:end]."""
        ids = self.encode(text)
        return ids, offsets.offsets(text, ids, self.token_bytes, words=isinstance(self.vocabulary, Words))

    def encode_batch(self, texts: Iterable[str]) -> list[list[int]]:
        """Return the ids of each text; see `encode`."""
        return self._encoder.batch([*texts])

    def encode_array(self, text: str, *, threads: int | None = None) -> "NDArray[np.int32]":
        """Return the ids of a text as an array, faster and smaller than a list. threads: all cores by default."""
        return self._encoder.array(text, threads=threads)

    def encode_joined(self, texts: Sequence[str | bytes]) -> "tuple[NDArray[np.int32], NDArray[np.int64]]":
        """Return the ids of N texts (or their UTF-8, unchecked) in one array, and their N + 1 bounds. One thread."""
        return self._encoder.joined(texts)

    def encode_with_dropout(self, text: str, dropout: float, *, random: Random) -> list[int]:
        """Encode with BPE-dropout: each merge is skipped with probability `dropout`, so the ids differ every time.

        In training, a model then sees more ways to write the same word (Provilkov et al. 2020). 0 is `encode`, 1 gives
        bytes, the paper uses 0.1; all of them decode to the same text. Special tokens in it are ordinary text.
        """
        if dropout == 0:
            return self.encode(text)
        if not 0 < dropout <= 1:
            raise ValueError(f"dropout is a probability from 0 to 1, not {dropout}")
        if not isinstance(self.vocabulary, BytePair):
            raise ValueError("only a byte-pair tokenizer has merges to skip; use dropout=0")
        chunks, drop = patterns.split(reading.well_formed(text), self._pattern), lambda: random.random() < dropout
        return [id for chunk in chunks for id in self.vocabulary.merged(chunk.encode(), drop=drop)]

    def encode_bytes(self, data: bytes) -> list[int]:
        """Return the ids of any bytes: valid UTF-8 is encoded as text, every other byte as one token."""
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
        """Put the special tokens of `frame` around the ids, as Hugging Face's libraries do when they encode a text."""
        return [*map(self.special_id, self.frame[0]), *ids, *map(self.special_id, self.frame[1])]

    def decode(self, ids: Iterable[int], *, skip_special: bool = False) -> str:
        """Return the text of the ids. Bytes that are not UTF-8 become U+FFFD."""
        hidden = set(self.specials.values()) if skip_special else ()
        return self.decode_bytes(id for id in ids if int(id) not in hidden).decode("utf-8", "replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Return the exact bytes of the ids."""
        return self.vocabulary.between.join(map(self.token_bytes, ids))

    def stream(self) -> TextStream:
        """Return a decoder that takes ids one at a time and gives whole characters."""
        return TextStream(self.token_bytes, self.vocabulary.between)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """Return one printable string for each id, for pictures: a space as ␣, parts of a character as \\xe2."""
        return [printable(self.token_bytes(id)) for id in ids]

    def token_bytes(self, id: int) -> bytes:
        """Return the bytes of one token."""
        if int(id) not in self._bytes:  # int: the hash of a tensor is its address
            raise ValueError(f"id {id} is not in this vocabulary of {self.vocab_size} tokens")
        return self._bytes[int(id)]

    def special_id(self, name: str) -> int:
        """Return the id of a special token. Raises ValueError with the names of all of them if it is not one."""
        if name not in self.specials:
            there = ", ".join(self.specials) or "none"
            raise ValueError(f"this tokenizer has no special token {name!r}; it has: {there}")
        return self.specials[name]

    @property
    def merges(self) -> bpe.Merges:
        """The merges in the order in which they were learnt, as pairs of bytes; empty for characters and words."""
        return self.vocabulary.merges if isinstance(self.vocabulary, BytePair) else []

    def save(self, path: str | Path) -> Path:
        """Write `tokenizer.json` into a folder, which `transformers.AutoTokenizer` can open, or write a named .json."""
        return self.export(path, format="json")

    def export(self, path: str | Path, *, format: files.Format) -> Path:
        """Write another format: "gpt2" (two files in a folder), "tiktoken", or "merges" (a list for people).

        Raises ValueError if the format cannot hold this tokenizer: only "json" and "gpt2" store the special tokens, and
        only "json" the split pattern ("gpt2" implies GPT-2's).
        """
        parts = Parts(self.vocabulary, self.pattern, self.specials, self.frame, self.roles)
        return files.export(path, parts, format=format)

    @classmethod
    def load(cls, path: str | Path, *, pattern: str | None = None, specials: Mapping[str, int] | None = None) -> Self:
        """Read a tokenizer file or its folder (`files` lists the formats).

        pattern: a name or an expression, only for files without one (.tiktoken; for vocab.json the default is GPT-2's).
        specials: names and ids of special tokens, only for .tiktoken files, which have none.
        """
        return cls(*files.read(path, pattern=pattern, specials=specials))
