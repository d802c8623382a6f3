"""Split patterns: where a text is cut into chunks before byte-pair encoding, so that no token spans two words.

The idea and the first pattern are GPT-2's (Radford et al. 2019, section 2.2; `encoder.py` of its release); the
second is GPT-4's, tiktoken's cl100k as first published and as LLaMA 3 has it. (Later versions of tiktoken take space
at the very end of a text together with a line end before it.) The third is GPT-4o's, tiktoken's o200k. All are written
here so that Python's `regex`, tiktoken's engine and that of Hugging Face's `tokenizers` read them alike, but for
characters newer than the Unicode version an engine knows. A pattern of your own
is read alike if `dialect.translated` leaves it as it is.
"""

from collections.abc import Collection, Iterator

import regex

from groundup.nearest import nearest

Pattern = str | tuple[str, ...] | None
"""One regular expression, several that split one after the other, or None: the whole text is one chunk."""
Splitter = tuple[regex.Pattern[str], ...]

SECONDS, A_SECOND = 10, 20_000  # a text may take so many seconds, and one more for each so many characters

PATTERNS: dict[str, str | None] = {
    # contraction | word | number | signs | trailing space | space
    "gpt2": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    # the same, but: contractions in any case, numbers of at most three digits, line ends apart from other space
    "gpt4": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    # the same, but: a word begins with its capitals (CamelCase is two), keeps its accents, and takes the contraction
    "o200k": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?:'(?i:[sdmt]|ll|ve|re))?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?:'(?i:[sdmt]|ll|ve|re))?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "none": None,  # the whole text is one chunk
}

WORDS = r"[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{M}\p{N}]"
"""What counts as a word in a vocabulary of words: letters and digits with what joins them (qu'est-ce), or one sign."""


def named(pattern: str) -> str | None:
    """The regular expression of a name in PATTERNS; anything that is not a plain word is one already."""
    if pattern in PATTERNS:
        return PATTERNS[pattern]
    if pattern.replace("-", "").replace("_", "").isalnum():  # no expression to split by, but a name mistyped
        raise ValueError(
            f"no split pattern {pattern!r}; {nearest(pattern, PATTERNS, otherwise='none is like it.')} "
            f"There are {', '.join(PATTERNS)}, or a regular expression of your own"
        )
    return pattern


def compiled(pattern: Pattern) -> Splitter:
    """The pattern ready for `split`; a ValueError if it is no regular expression."""
    found: list[regex.Pattern[str]] = []
    for expression in [pattern] if isinstance(pattern, str) else pattern or ():
        try:
            found.append(regex.compile(expression))
        except regex.error as error:
            raise ValueError(f"split pattern {expression!r} is not a regular expression: {error}") from None
    return tuple(found)


def split(text: str, steps: Splitter) -> list[str]:
    """The chunks of a text, which joined are the text again; each step splits the chunks of the one before.

    What stands between two matches becomes a chunk of its own (the "isolated" split of `tokenizers`).
    """
    chunks = [text]
    for step in steps:
        chunks = _isolated(text, step) if len(chunks) == 1 else [c for chunk in chunks for c in _isolated(chunk, step)]
    return chunks


def _isolated(text: str, pattern: regex.Pattern[str]) -> list[str]:
    limit = SECONDS + len(text) / A_SECOND
    try:
        if not pattern.groups:  # findall returns groups where there are some
            chunks: list[str] = pattern.findall(text, timeout=limit)
            if all(chunks) and sum(map(len, chunks)) == len(text):  # matches do not overlap: they cover the text
                return chunks
        chunks, done = [], 0
        for start, end in _matches(text, pattern, limit):
            chunks += text[done:start], text[start:end]
            done = end
    except TimeoutError:
        raise ValueError(
            f"the split pattern {pattern.pattern!r} takes more than {limit:.0f} s on a text of {len(text):,} "
            "characters: it tries too many ways to match; take one in which a letter fits one place only"
        ) from None
    return [*filter(None, chunks), *filter(None, [text[done:]])]


def _matches(text: str, pattern: regex.Pattern[str], limit: float) -> Iterator[tuple[int, int]]:
    """Where the matches begin and end, as Hugging Face's engine goes on from one to the next.

    After a match, an empty one at the same place does not count, and the search goes on a character later.
    """
    at, last = 0, -1
    while at <= len(text) and (match := pattern.search(text, at, timeout=limit)):
        start, end = match.span()
        if start == end == last:
            at = end + 1
        else:
            yield start, end
            at = last = end


def split_at(text: str, names: Collection[str]) -> list[str]:
    """The text cut before and after each of the names; of two that begin alike the longer one counts."""
    if not names:
        return [text]
    longest_first = sorted(names, key=len, reverse=True)
    return regex.split(f"({'|'.join(map(regex.escape, longest_first))})", text)
