"""The two kinds of vocabulary a tokenizer can have: byte pairs, and single characters.

Both offer `ids` (token bytes -> id) and `encode(chunk)`.
"""

from collections.abc import Iterable, Mapping

from groundup.text import bpe


class BytePair:
    """The 256 bytes and what the merges make of them (see `bpe`); every text has an encoding.

    merges: pairs of token bytes, the earliest learnt first.
    ids: token bytes -> id, for vocabularies from elsewhere; by default byte b is b and merge n is 256 + n.
    whole_first: take a chunk that is itself a token at once, as tiktoken does ("ignore_merges"). For merges that
        were really trained it makes no difference.
    """

    def __init__(self, merges: bpe.Merges, *, ids: Mapping[bytes, int] | None = None, whole_first: bool = False):
        singles = [bytes([byte]) for byte in range(256)]
        tokens = list(dict.fromkeys([*singles, *(left + right for left, right in merges)]))
        numbers = {token: number for number, token in enumerate(tokens)}
        self.ids = numbers if ids is None else dict(ids)
        for token in tokens:
            if token not in self.ids:
                raise ValueError(f"the token {token!r} has no id")
        for pair in merges:
            for part in pair:
                if part not in numbers:
                    raise ValueError(f"no merge makes {part!r}, but the merge {pair!r} needs it")
        self.merges = merges
        self.whole_first = whole_first
        self._ranks = {(numbers[a], numbers[b]): numbers[a + b] for a, b in reversed(merges)}
        self._outside = [self.ids[token] for token in tokens]  # number by rank -> id

    def encode(self, chunk: str) -> list[int]:
        """The ids of one chunk."""
        data = chunk.encode()
        if self.whole_first and data in self.ids:
            return [self.ids[data]]
        return [self._outside[number] for number in bpe.encode(data, self._ranks)]


class Characters:
    """One id a character (code point), in the order of their code points; other characters are refused."""

    def __init__(self, ids: Mapping[str, int]):
        self._ids = dict(ids)
        self.ids = {character.encode(): id for character, id in self._ids.items()}

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Characters":
        """All characters of the texts."""
        found: set[str] = set()
        for text in texts:
            found.update(text)
        return cls({character: id for id, character in enumerate(sorted(found))})

    def encode(self, chunk: str) -> list[int]:
        """The ids of the characters; a ValueError names one that is not in the vocabulary."""
        try:
            return [self._ids[character] for character in chunk]
        except KeyError as error:
            character = error.args[0]
            raise ValueError(
                f"the character {character!r} (U+{ord(character):04X}) is not in this vocabulary of "
                f"{len(self._ids)} characters; take it out, or use a byte-pair tokenizer, which knows every text"
            ) from None
