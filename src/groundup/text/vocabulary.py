"""The three kinds of vocabulary that a tokenizer can have: byte pairs, single characters, and whole words.

Each has `ids` (token bytes -> id), `encode(chunk)` and `between`, the bytes that decoding puts between two tokens.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import regex

from groundup.text import bpe, patterns


class BytePair:
    """The 256 bytes and the tokens that merges make of them (see `bpe`). It can encode every text, and any other bytes.

    merges: pairs of token bytes, the earliest learnt first.
    ids: token bytes -> id, for vocabularies from elsewhere; by default byte b is b and merge n is 256 + n. Single
        bytes may be missing: `tokenizers` without an initial alphabet keeps only those that its training text had.
    whole_first: use a chunk that is itself a token without merging, as tiktoken does ("ignore_merges"). For merges
        that were really trained it makes no difference.
    unknown: the id of a missing byte; without it such a byte is a ValueError.
    """

    kind = "byte pairs"
    between = b""

    def __init__(
        self,
        merges: bpe.Merges,
        *,
        ids: Mapping[bytes, int] | None = None,
        whole_first: bool = False,
        unknown: int | None = None,
    ):
        singles = [bytes([byte]) for byte in range(256)]
        tokens = list(dict.fromkeys([*singles, *(left + right for left, right in merges)]))
        numbers = {token: number for number, token in enumerate(tokens)}
        self.ids = numbers if ids is None else dict(ids)
        for token in tokens[256:]:
            if token not in self.ids:
                raise ValueError(f"the token {token!r} has no id")
        for pair in merges:
            for part in pair:
                if part not in numbers:
                    raise ValueError(f"no merge makes {part!r}, but the merge {pair!r} needs it")
                if part not in self.ids:
                    raise ValueError(f"the token {part!r} has no id, but the merge {pair!r} needs it")
        self.merges = merges
        self.whole_first = whole_first
        self.unknown = unknown
        self.missing = frozenset(byte for byte in range(256) if singles[byte] not in self.ids)
        # Internally tokens have numbers. Pair of numbers -> rank (256 + n for merge n), rank -> number, number -> id.
        # Two merges may make one token. If a merge is listed twice, the later rank is used, as in `tokenizers`.
        self.ranks = {(numbers[a], numbers[b]): rank for rank, (a, b) in enumerate(merges, 256)}
        self.made = [*range(256), *(numbers[a + b] for a, b in merges)]
        self.outside = [self.ids.get(token, unknown or 0) for token in tokens]

    def encode(self, chunk: str) -> list[int]:
        """Return the ids of one chunk."""
        data = chunk.encode()
        if self.whole_first and data in self.ids:
            return [self.ids[data]]
        return self.merged(data)

    def merged(self, data: bytes, drop: Callable[[], bool] | None = None) -> list[int]:
        """Return the ids that the merges make of these bytes. drop: which merges to skip (see `bpe.encode`)."""
        if self.refuses and (lost := self.missing.intersection(data)):
            raise ValueError(
                f"the byte {min(lost):#04x} of {data.decode('utf-8', 'replace')!r} is not in this vocabulary of "
                f"{256 - len(self.missing)} bytes and their merges; take it out, or use a tokenizer with all 256"
            )
        return [self.outside[number] for number in bpe.encode(data, self.ranks, made=self.made, drop=drop)]

    @property
    def refuses(self) -> bool:
        """Whether there are texts that this vocabulary cannot encode."""
        return bool(self.missing) and self.unknown is None


class Characters:
    """One id for each character (code point), in order of code points. Other characters are a ValueError."""

    kind = "characters"
    between = b""

    def __init__(self, ids: Mapping[str, int]):
        self._ids = dict(ids)
        self.ids = {character.encode(): id for character, id in self._ids.items()}

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Characters":
        """Make a vocabulary of all characters in the texts."""
        found: set[str] = set()
        for text in texts:
            found.update(text)
        return cls({character: id for id, character in enumerate(sorted(found))})

    def encode(self, chunk: str) -> list[int]:
        """Return the ids of the characters. Raises ValueError for one that is not in the vocabulary."""
        try:
            return [self._ids[character] for character in chunk]
        except KeyError as error:
            character = error.args[0]
            raise ValueError(
                f"the character {character!r} (U+{ord(character):04X}) is not in this vocabulary of "
                f"{len(self._ids)} characters; take it out, or use a byte-pair tokenizer, which knows every text"
            ) from None


class Words:
    """One id for each word or sign (`patterns.WORDS`), and one for all words that are not in the vocabulary."""

    kind = "words"
    between = b" "

    def __init__(self, ids: Mapping[str, int], unknown: int):
        self._ids = dict(ids)
        self.ids = {word.encode(): id for word, id in self._ids.items()}
        self.unknown = unknown

    @classmethod
    def of(cls, texts: Iterable[str], *, min_frequency: int, at_most: int | None) -> "Words":
        """Keep words that occur `min_frequency` times or more, most frequent first; the last id is for all others."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(_WORD.findall(text))
        frequent = [word for word, count in counts.items() if count >= min_frequency]
        if not frequent:
            most = max(counts.values(), default=0)
            raise ValueError(
                f"no word occurs min_frequency ({min_frequency}) times, the most frequent one {most} times"
            )
        kept = sorted(frequent, key=lambda word: (-counts[word], word))[:at_most]
        return cls({word: id for id, word in enumerate(kept)}, unknown=len(kept))

    @staticmethod
    def found(text: str) -> Iterable[regex.Match]:
        """Return the matches of the words and signs in a text."""
        return _WORD.finditer(text)

    def encode(self, chunk: str) -> list[int]:
        """Return the ids of the words. White space is lost."""
        return [self._ids.get(word, self.unknown) for word in _WORD.findall(chunk)]


_WORD = regex.compile(patterns.WORDS)


class Remembered(dict[str, list[int]]):
    """A cache of the ids of chunks, since most words of a text occur repeatedly. Limited in number and length."""

    def __init__(self, vocabulary: BytePair | Characters | Words):
        super().__init__()
        self._vocabulary = vocabulary

    def __missing__(self, chunk: str) -> list[int]:
        ids = self._vocabulary.encode(chunk)
        if len(chunk) <= 64 and len(self) < 100_000:
            self[chunk] = ids
        return ids
