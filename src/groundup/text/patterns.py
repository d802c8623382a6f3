"""Split patterns: where a text is cut into chunks before byte-pair encoding, so that no token spans two words.

The idea and the first pattern are from GPT-2 (Radford et al. 2019, section 2.2; `encoder.py` of its release). The
second is from GPT-4: tiktoken's cl100k as first published and as LLaMA 3 uses it. (Later versions of tiktoken join
space at the very end of a text with a line end before it.) The third is GPT-4o's, tiktoken's o200k. They are written so
that Python's `regex`, tiktoken's engine and that of Hugging Face's `tokenizers` read them alike, except for characters
newer than an engine's version of Unicode. Your own pattern is read alike if `dialect.translated` does not change it.
"""

from collections.abc import Collection, Iterator

import regex

from groundup.nearest import nearest

Pattern = str | tuple[str, ...] | None
"""One regular expression, several that split in sequence, or None: the whole text is one chunk."""
Splitter = tuple[regex.Pattern[str], ...]

SECONDS, A_SECOND = 10, 20_000  # splitting a text may take 10 seconds, and one more for every 20,000 characters

PATTERNS: dict[str, str | None] = {
    # contraction | word | number | signs | trailing space | space
    "gpt2": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    # the same, but: contractions in any case, numbers of at most three digits, line ends separate from other space
    "gpt4": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    # the same, but: capitals begin a word (CamelCase is two), and a word includes its accents and its contraction
    "o200k": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?:'(?i:[sdmt]|ll|ve|re))?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?:'(?i:[sdmt]|ll|ve|re))?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "none": None,  # the whole text is one chunk
}

WORDS = r"[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{M}\p{N}]"
"""A word in a vocabulary of words: letters and digits with the signs that join them (qu'est-ce), or one other sign."""


def named(pattern: str) -> str | None:
    """Return the regular expression of a name in PATTERNS. Anything but a plain word is an expression already."""
    if pattern in PATTERNS:
        return PATTERNS[pattern]
    if pattern.replace("-", "").replace("_", "").isalnum():  # not a useful expression, so probably a mistyped name
        raise ValueError(
            f"no split pattern {pattern!r}; {nearest(pattern, PATTERNS, otherwise='none is like it.')} "
            f"There are {', '.join(PATTERNS)}, or a regular expression of your own"
        )
    return pattern


def compiled(pattern: Pattern) -> Splitter:
    """Compile the pattern for `split`. Raises ValueError if it is not a regular expression."""
    found: list[regex.Pattern[str]] = []
    for expression in [pattern] if isinstance(pattern, str) else pattern or ():
        try:
            found.append(regex.compile(expression))
        except regex.error as error:
            raise ValueError(f"split pattern {expression!r} is not a regular expression: {error}") from None
    return tuple(found)


def split(text: str, steps: Splitter) -> list[str]:
    """Return the chunks of a text; joined, they are the text. Each step splits the chunks of the step before.

    The text between two matches becomes a chunk, too (the "isolated" split of `tokenizers`).
    """
    chunks = [text]
    for step in steps:
        chunks = _isolated(text, step) if len(chunks) == 1 else [c for chunk in chunks for c in _isolated(chunk, step)]
    return chunks


def _isolated(text: str, pattern: regex.Pattern[str]) -> list[str]:
    limit = SECONDS + len(text) / A_SECOND
    try:
        if not pattern.groups:  # with groups, findall would return the groups
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
            "characters: it tries too many ways to match; use one in which a letter fits in one place only"
        ) from None
    return [*filter(None, chunks), *filter(None, [text[done:]])]


def _matches(text: str, pattern: regex.Pattern[str], limit: float) -> Iterator[tuple[int, int]]:
    """Yield the start and end of every match, in the way that Hugging Face's engine continues after a match.

    An empty match at the end of the match before does not count; the search then continues one character later.
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
    """Cut the text before and after each of the names. If one name begins another, the longer one is used."""
    if not names:
        return [text]
    longest_first = sorted(names, key=len, reverse=True)
    return regex.split(f"({'|'.join(map(regex.escape, longest_first))})", text)
