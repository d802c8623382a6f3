"""Describe a tokenizer for the page."""

from typing import Any

from groundup.page.browser_pattern import browser_pattern, browser_patterns
from groundup.text.patterns import WORDS
from groundup.text.tokenizer import Tokenizer
from groundup.text.vocabulary import BytePair, Characters


def tokenizer_data(tokenizer: Tokenizer) -> dict[str, Any]:
    """Return what js/tokenizer.js needs. Raises ValueError for a split pattern that browsers read otherwise."""
    vocabulary = tokenizer.vocabulary
    data: dict[str, Any] = dict(specials=tokenizer.specials, patterns=[])
    if isinstance(vocabulary, BytePair):
        return data | _byte_pairs(vocabulary) | dict(patterns=browser_patterns(tokenizer.pattern))
    tokens = [[token.decode(), id] for token, id in vocabulary.ids.items()]
    if isinstance(vocabulary, Characters):
        return data | dict(kind="characters", tokens=tokens)
    return data | dict(kind="words", tokens=tokens, unknown=vocabulary.unknown, patterns=[browser_pattern(WORDS)])


def _byte_pairs(vocabulary: BytePair) -> dict[str, Any]:
    """Give merges as pairs of token numbers, one behind the other, and ids if they differ from the numbers."""
    tokens = dict.fromkeys([bytes([byte]) for byte in range(256)])
    tokens |= dict.fromkeys(left + right for left, right in vocabulary.merges)
    numbers = {token: number for number, token in enumerate(tokens)}
    return dict(
        kind="bpe",
        merges=[numbers[part] for merge in vocabulary.merges for part in merge],
        ids=None if vocabulary.outside == [*range(len(tokens))] else vocabulary.outside,
        extra=[[[*token], id] for token, id in vocabulary.ids.items() if token not in numbers],
        whole_first=vocabulary.whole_first,
        unknown=vocabulary.unknown,
        missing=sorted(vocabulary.missing),
    )
