"""Translate split patterns of Hugging Face's regular-expression engine (Oniguruma) for Python's `regex`.

Both engines read most patterns alike, but not all: `^` is the start of every line for one and of the text for the
other, and `\\w` and `\\b` use different sets of letters. Such signs are written out here. All other forms that are
accepted were tested in both engines; anything else is refused.
"""

import regex

# General categories and scripts by name. Characters that a new version of Unicode adds may still differ.
_CATEGORY = r"(?:L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|Alphabetic)"
_SCRIPT = r"(?:Han|Hiragana|Katakana|Hangul|Latin|Greek|Cyrillic|Arabic|Hebrew|Thai|Devanagari)"
_ESCAPE = regex.compile(rf"\\(?:[pP]\{{(?:{_CATEGORY}|{_SCRIPT})\}}|[sSdDrntf]|u[0-9A-Fa-f]{{4}}|[^\w\s])")
_QUANTIFIER = regex.compile(r"[*+?][+?]?|\{\d+(?:,\d*)?\}")
_GROUP = regex.compile(r"\((?:\?(?:[:=!>]|<[=!]))?(?!\?)")
_ANY_CASE = regex.compile(r"\(\?i:((?:'?[a-zA-Z]+|'?\[[a-zA-Z]+\]|\|)+)\)")
_FOLDS_TO_ONE = regex.compile(r"ss|st|f[fil]", regex.IGNORECASE)  # ß, ﬆ, ﬀ: one engine lets one letter be two

_WORD = r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}"
_IN_CLASS = {r"\w": _WORD, r"\h": "0-9a-fA-F"}
_MEANING = {
    r"\w": f"[{_WORD}]",
    r"\W": f"[^{_WORD}]",
    r"\h": "[0-9a-fA-F]",
    r"\H": "[^0-9a-fA-F]",
    r"\b": f"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))",
    r"\B": f"(?:(?<=[{_WORD}])(?=[{_WORD}])|(?<![{_WORD}])(?![{_WORD}]))",
    "^": r"(?<!.)(?=[\s\S])",  # "." is everything but a line end
    "$": "(?!.)",
    r"\A": r"(?<![\s\S])",
    r"\z": r"(?![\s\S])",
    r"\Z": r"(?=\n?(?![\s\S]))",
}
_NOTHING = {"^", "$", r"\b", r"\B", r"\A", r"\z", r"\Z"}


def translated(pattern: str) -> str:
    """Return a pattern that means in `regex` what this one means in Oniguruma. Raises ValueError if there is none."""
    reader = _Reader(pattern)
    reader.alternatives()
    if reader.at < len(pattern):
        reader.refuse(reader.at)
    return "".join(reader.written)


class _Reader:
    """Reads the pattern from `at` on and writes its translation. Each method returns whether its part can match ""."""

    def __init__(self, pattern: str):
        self.pattern, self.at = pattern, 0
        self.written: list[str] = []

    def alternatives(self) -> bool:
        """Read alternatives such as one|two|three."""
        empty = self.sequence()
        while self.pattern.startswith("|", self.at):
            self.take(1)
            empty = self.sequence() or empty
        return empty

    def sequence(self) -> bool:
        """Read a sequence of atoms, each with an optional quantifier."""
        empty = True
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            start = self.at
            nothing = self.atom()
            if times := _QUANTIFIER.match(self.pattern, self.at):
                if nothing or self.pattern[times.end() : times.end() + 1] in {*"*+?{"}:
                    self.refuse(start, times.end() + 1)
                nothing = times[0][0] in "*?" or times[0].startswith(("{0,", "{0}"))
                self.take(len(times[0]))
            empty = empty and nothing
        return empty

    def atom(self) -> bool:
        """Read one character, class or group."""
        start, two = self.at, self.pattern[self.at : self.at + 2]
        if found := _ANY_CASE.match(self.pattern, start):
            if _FOLDS_TO_ONE.search(found[1]):
                self.refuse(start, found.end())
            self.take(len(found[0]))
            return "" in found[1].split("|")
        if found := _GROUP.match(self.pattern, start):
            self.take(len(found[0]))
            empty = self.alternatives()
            if not self.pattern.startswith(")", self.at):
                self.refuse(start)
            self.take(1)
            return empty or found[0][2:3] in {*"=!<"}
        if two[0] == "[":
            self.characters()
            return False
        if meant := _MEANING.get(two, _MEANING.get(two[0])):
            sign = two if two in _MEANING else two[0]
            self.take(len(sign), meant)
            return sign in _NOTHING
        found = _ESCAPE.match(self.pattern, start)
        if not found and two[0] in "\\(*+?{}]":
            self.refuse(start, start + 2)
        self.take(len(found[0]) if found else 1)
        return False

    def characters(self) -> None:
        """Read a class of characters, ranges and escapes, without nested classes."""
        start = self.at
        self.take(2 if self.pattern.startswith("[^", start) else 1)
        first = self.at
        while not self.pattern.startswith("]", self.at) or self.at == first:
            found = _ESCAPE.match(self.pattern, self.at)
            two = self.pattern[self.at : self.at + 2]
            if two in _IN_CLASS:
                self.take(2, _IN_CLASS[two])
            elif not two or (not found and two[0] in "[]\\") or two in ("&&", "--", "||", "~~"):
                self.refuse(start, self.at + 1)
            else:
                self.take(len(found[0]) if found else 1)
        self.take(1)

    def take(self, size: int, meant: str | None = None) -> None:
        """Advance by `size` characters, and write them, or `meant` in their place."""
        self.written.append(self.pattern[self.at : self.at + size] if meant is None else meant)
        self.at += size

    def refuse(self, start: int, end: int | None = None) -> None:
        raise ValueError(
            f"its split pattern has {self.pattern[start:end]!r}, which the regular-expression engines of Hugging Face "
            f"and of Python may read differently (the pattern: {self.pattern!r})"
        )
