"""Choose the code for a text: the readable loops of `bpe` if it is short, the compiled ones of `fast_bpe` if long.

Both give the same merges and ids. Importing the compiled loops takes half a second, and compiling them takes about 15
seconds, once on a machine. So they are used only for more text than the readable loops process in two seconds. A split
pattern of the user's own always uses the readable loops.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from itertools import chain
from typing import TYPE_CHECKING

from groundup.text import bpe, patterns
from groundup.text.patterns import Pattern
from groundup.text.reading import utf8, well_formed
from groundup.text.vocabulary import BytePair, Characters, Remembered, Words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from groundup.text import fast_bpe

MUCH = 8_000_000  # characters from which the compiled loops are worth loading
SOME = 20_000  # characters that are enough if the compiled loops are loaded already


def pays(size: int) -> bool:
    """Whether the compiled loops are worth using for `size` characters."""
    return size >= (SOME if "groundup.text.fast_bpe" in sys.modules else MUCH)


def learn(
    texts: Iterable[str],
    merges: int,
    expression: Pattern,
    *,
    progress: bpe.Progress | None = None,
) -> bpe.Merges:
    """Learn the merges from all chunks of the texts (see `bpe.train`). The texts may be larger than memory."""
    texts = iter(texts)
    some = list(_about(texts, MUCH))
    if expression in _kinds() and pays(sum(map(len, some))):
        from groundup.text import fast_bpe

        kind = _kinds()[expression]
        return fast_bpe.train(chain(some, texts), merges, kind, progress=progress)
    splitter = patterns.compiled(expression)
    chunks: Counter[str] = Counter()
    for text in chain(some, texts):
        chunks.update(patterns.split(text, splitter))
    counts = {chunk.encode(): count for chunk, count in chunks.items()}
    return bpe.train(counts, merges, progress=progress)


class Encoder:
    """Turns ordinary text into ids: split it, and look each chunk up in the vocabulary."""

    def __init__(self, vocabulary: BytePair | Characters | Words, expression: Pattern):
        self._vocabulary, self._expression = vocabulary, expression
        self._pattern = patterns.compiled(expression)
        self._chunks = Remembered(vocabulary)

    def ids(self, text: str) -> list[int]:
        """Return the ids of one text."""
        if fast := self._fast(len(text)):
            return fast.ids(text)
        ids: list[int] = []
        for chunk in patterns.split(well_formed(text), self._pattern):
            ids += self._chunks[chunk]
        return ids

    def batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text."""
        if fast := self._fast(sum(map(len, texts))):
            return fast.batch(texts)
        return [self.ids(text) for text in texts]

    def joined(self, texts: Sequence[str | bytes]) -> "tuple[NDArray[np.int32], NDArray[np.int64]]":
        """Return the ids of N texts in one array, and their N + 1 bounds, from 0 on. Uses one thread."""
        import numpy as np

        if fast := self._fast(sum(map(len, texts))):
            raw = [text if isinstance(text, bytes) else utf8(text) for text in texts]
            return fast._encode(b"".join(raw), np.cumsum([0, *map(len, raw)]))
        ids = [np.array(self.ids(text if isinstance(text, str) else text.decode()), np.int32) for text in texts]
        return np.concatenate([np.empty(0, np.int32), *ids]), np.cumsum([0, *map(len, ids)])

    def array(self, text: str, *, threads: int | None = None) -> "NDArray[np.int32]":
        """Return the ids of one text as an array. threads: the most threads to use; all cores by default."""
        import numpy as np

        if fast := self._fast(len(text)):
            return np.concatenate([*fast.arrays(text, threads=threads)])
        return np.array(self.ids(text), np.int32)

    def _fast(self, size: int) -> "fast_bpe.Encoder | None":
        """Return the compiled encoder if it supports this tokenizer and is worth using for `size` characters."""
        vocabulary = self._vocabulary
        if not isinstance(vocabulary, BytePair) or vocabulary.refuses:
            return None
        return self._loaded if self._expression in _kinds() and pays(size) else None

    @cached_property
    def _loaded(self) -> "fast_bpe.Encoder":
        from groundup.text import fast_bpe

        assert isinstance(self._vocabulary, BytePair)
        return fast_bpe.Encoder(self._vocabulary, _kinds()[self._expression])


@cache
def _kinds() -> dict[Pattern, int]:
    """Map the split patterns that have compiled loops to their numbers in `fast_bits`."""
    return {expression: kind for kind, expression in enumerate(patterns.PATTERNS.values())}


def _about(texts: Iterator[str], size: int) -> Iterator[str]:
    """Yield texts until they have `size` characters."""
    for text in texts:
        yield text
        size -= len(text)
        if size <= 0:
            return
