"""The span of each token in its text."""

from collections.abc import Callable, Sequence
from itertools import accumulate

from groundup.text.reading import well_formed
from groundup.text.vocabulary import Words


def offsets(
    text: str, ids: Sequence[int], token_bytes: Callable[[int], bytes], *, words: bool = False
) -> list[tuple[int, int]]:
    """Return the span text[start:end] of each token. A token with a part of a character spans the whole character.

    words: whether the tokens are from a vocabulary of words. Raises ValueError if the tokens do not spell the text.
    """
    text = well_formed(text)
    if words:
        return [match.span() for match in Words.found(text)]
    starts = [0, *accumulate(len(character.encode()) for character in text)]  # the byte at which a character begins
    owner = [place for place in range(len(text)) for _ in range(starts[place], starts[place + 1])]
    tokens = [token_bytes(id) for id in ids]
    if b"".join(tokens) != text.encode():
        raise ValueError("these ids do not spell this text; encode it first, without adding special tokens")
    ends = list(accumulate(map(len, tokens)))
    spans = zip([0, *ends], ends, strict=False)
    return [(owner[a], owner[b - 1] + 1) if b > a else (0, 0) for a, b in spans]
