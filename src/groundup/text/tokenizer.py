"""The tokenizer: a split pattern, a vocabulary and special tokens. Text to ids and back, exactly.

Special tokens are never made from text unless the caller allows it: what a user types stays text.
A lone surrogate (half of a UTF-16 pair, which no file can hold) counts as U+FFFD.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, Self

from groundup.text import bpe, files, patterns
from groundup.text.stream import TextStream
from groundup.text.vocabulary import BytePair, Characters

END_OF_TEXT = "<|endoftext|>"


class Tokenizer:
    """Text to ids and back; made by `train`, `train_from_texts`, `characters` or `load`, and then fixed."""

    def __init__(
        self,
        vocabulary: BytePair | Characters,
        pattern: str | None = None,
        specials: dict[str, int] | None = None,
    ):
        self.vocabulary = vocabulary
        self.pattern = pattern
        self.specials = dict(specials or {})
        self._pattern = patterns.compiled(pattern)
        self._bytes = {id: token for token, id in vocabulary.ids.items()}
        self._bytes |= {id: name.encode() for name, id in self.specials.items()}
        if len(self._bytes) < len(vocabulary.ids) + len(self.specials):
            raise ValueError("two tokens of the vocabulary have the same id")
        self.vocab_size = max(self._bytes, default=-1) + 1  # the total, special tokens included
        self._chunks = _Remembered(vocabulary)

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
        """`train_from_texts` on UTF-8 files, and on every *.txt under folders."""
        paths = [paths] if isinstance(paths, str | Path) else paths
        return cls.train_from_texts(_read(paths), vocab_size, pattern=pattern, specials=specials, progress=progress)

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
        pattern: "gpt4", "gpt2", "none" or a regular expression; no token spans two of its matches.
        specials: names of control tokens, which get the last ids. Where they stand in the texts they part them.
        progress: called after each merge with its number, their total, the count, the two ids and the new one.
        """
        merges = vocab_size - 256 - len(specials)
        if merges < 0:
            tokens = f"{len(specials)} special token{'s' * (len(specials) != 1)}"
            raise ValueError(f"vocab_size ({vocab_size}) must be at least {vocab_size - merges}: 256 bytes + {tokens}")
        expression = patterns.named(pattern)
        splitter = patterns.compiled(expression)
        chunks: Counter[str] = Counter()
        for text in _ordinary_parts(texts, specials):
            chunks.update(patterns.split(text, splitter))
        counts = {chunk.encode(): count for chunk, count in chunks.items()}
        vocabulary = BytePair(bpe.train(counts, merges, progress=progress))
        return cls(vocabulary, expression, _numbered(specials, first=len(vocabulary.ids)))

    @classmethod
    def characters(cls, texts: str | Iterable[str], *, specials: Sequence[str] = ()) -> Self:
        """One id for each character of the texts, in order of code points, then the special tokens."""
        vocabulary = Characters.of(_ordinary_parts(texts, specials))
        return cls(vocabulary, None, _numbered(specials, first=len(vocabulary.ids)))

    def encode(self, text: str, *, allowed_special: Collection[str] | Literal["all"] = ()) -> list[int]:
        """The ids of a text; special tokens in it are ordinary text except those allowed ("all": every one)."""
        text = _well_formed(text)
        if not allowed_special:
            return self._encode_ordinary(text)
        allowed = self.specials if allowed_special == "all" else {n: self.special_id(n) for n in allowed_special}
        ids: list[int] = []
        for part in patterns.split_at(text, allowed):
            ids += [allowed[part]] if part in allowed else self._encode_ordinary(part)
        return ids

    def encode_batch(self, texts: Iterable[str]) -> list[list[int]]:
        """The ids of each text; see `encode`."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Iterable[int], *, skip_special: bool = False) -> str:
        """The text of the ids; bytes that are not UTF-8 become U+FFFD."""
        hidden = set(self.specials.values()) if skip_special else ()
        return b"".join(self.token_bytes(id) for id in ids if id not in hidden).decode("utf-8", "replace")

    def stream(self) -> TextStream:
        """A decoder that takes ids one at a time and gives whole characters."""
        return TextStream(self.token_bytes)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """One printable string for each id, for pictures: a space as ␣, parts of a character as \\xe2."""
        return [_printable(self.token_bytes(id)) for id in ids]

    def token_bytes(self, id: int) -> bytes:
        """The bytes of one token."""
        try:
            return self._bytes[id]
        except KeyError:
            raise ValueError(f"id {id} is not in this vocabulary of {self.vocab_size} tokens") from None

    def special_id(self, name: str) -> int:
        """The id of a special token; a ValueError with the names there are if it has no such."""
        if name not in self.specials:
            there = ", ".join(self.specials) or "none"
            raise ValueError(f"this tokenizer has no special token {name!r}; it has: {there}")
        return self.specials[name]

    @property
    def merges(self) -> bpe.Merges:
        """The merges in the order learnt, as pairs of bytes; none for characters."""
        return self.vocabulary.merges if isinstance(self.vocabulary, BytePair) else []

    def save(self, path: str | Path) -> Path:
        """Write `tokenizer.json`, which Hugging Face's `tokenizers` reads too, into a folder, or a named .json."""
        return files.write(path, self.vocabulary, pattern=self.pattern, specials=self.specials)

    @classmethod
    def load(cls, path: str | Path, *, pattern: str | None = None) -> Self:
        """Read a tokenizer file or the folder it lies in (the forms are listed in `files`).

        pattern: a name or an expression, only for files that name none (.tiktoken; vocab.json is GPT-2's by default).
        """
        return cls(*files.read(path, pattern=pattern))

    def _encode_ordinary(self, text: str) -> list[int]:
        ids: list[int] = []
        for chunk in patterns.split(text, self._pattern):
            ids += self._chunks[chunk]
        return ids


class _Remembered(dict[str, list[int]]):
    """The ids of chunks met before: most of a text is words that have come already. Bounded in number and length."""

    def __init__(self, vocabulary: BytePair | Characters):
        super().__init__()
        self._vocabulary = vocabulary

    def __missing__(self, chunk: str) -> list[int]:
        ids = self._vocabulary.encode(chunk)
        if len(chunk) <= 64 and len(self) < 100_000:
            self[chunk] = ids
        return ids


def _numbered(specials: Sequence[str], first: int) -> dict[str, int]:
    return {name: id for id, name in enumerate(specials, first)}


def _ordinary_parts(texts: str | Iterable[str], specials: Sequence[str]) -> Iterator[str]:
    """The texts cut at the special tokens that stand in them; a ValueError if there is nothing to learn from."""
    if isinstance(specials, str) or "" in specials or len(set(specials)) < len(specials):
        raise ValueError(f"special tokens must be distinct and not empty: {specials!r}")
    empty = True
    for text in [texts] if isinstance(texts, str) else texts:
        for part in patterns.split_at(_well_formed(text), specials):
            if part not in specials:
                empty = empty and not part
                yield part
    if empty:
        raise ValueError("there is no text to train a tokenizer on: every text is empty")


def _well_formed(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # pairs of surrogates become the character they mean, lone ones U+FFFD
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _read(paths: Iterable[str | Path]) -> Iterator[str]:
    for path in map(Path, paths):
        for file in sorted(path.rglob("*.txt")) if path.is_dir() else [path]:
            try:
                yield file.read_bytes().decode()
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{file} is not UTF-8 text: byte {error.start} is {error.object[error.start]:#x}"
                ) from None


def _printable(token: bytes) -> str:
    text = token.decode("utf-8", "backslashreplace").replace(" ", "␣")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
