"""Translate split patterns of Python's `regex` into JavaScript (flags g and u)."""

import regex

from groundup.text.dialect import translated
from groundup.text.patterns import PATTERNS, WORDS, Pattern

_SIGN = regex.compile(
    r"(?P<any_case>\(\?i:(?P<words>[^()]*)\))|(?P<possessive>(?:[*+?]|\{\d+(?:,\d*)?\})\+)"
    r"|\\(?P<category>[pP])\{(?P<name>\w+)\}|(?P<open>\[\^?)|(?P<close>\])|(?P<escape>\\.)|(?P<dot>\.)"
)
_CATEGORIES = regex.compile(r"[LMNPSZC][a-z]?|Alphabetic")
_CLASSES = {r"\s": r"\p{White_Space}", r"\S": r"\P{White_Space}", r"\d": r"\p{Nd}", r"\D": r"\P{Nd}"}
_ALSO = {"s": "ſ", "k": "\u212a"}  # what else is one of these letters in another case


def browser_patterns(pattern: Pattern) -> list[str]:
    """Translate each step of a split pattern. Raises ValueError for one that a browser would read otherwise."""
    return [browser_pattern(step) for step in ([pattern] if isinstance(pattern, str) else pattern or ())]


def browser_pattern(pattern: str) -> str:
    """Translate one expression.

    `\\s` means other characters in JavaScript than in `regex`, and `(?i:...)` is newer than many browsers, so both are
    replaced by their meaning. A pattern that is none of the published ones must have the plain form of `text.dialect`.
    """
    if pattern not in {*PATTERNS.values(), WORDS}:
        try:
            plain = translated(pattern) == pattern
        except ValueError:
            plain = False
        if not plain:
            raise ValueError(
                f"the split pattern {pattern!r} may mean something else in a browser, so the page would read other "
                "tokens; pages can be made of tokenizers with the patterns gpt2, gpt4, o200k and none"
            )
    within = False

    def meant(found: regex.Match) -> str:
        nonlocal within
        if found["possessive"]:
            raise ValueError(f"the split pattern {pattern!r} has {found[0]!r}, which browsers do not know")
        if found["any_case"]:
            return "(?:" + "".join(map(_any_case, _letters(found["words"]))) + ")"
        if found["category"]:
            name = found["name"] if _CATEGORIES.fullmatch(found["name"]) else f"Script={found['name']}"
            return f"\\{found['category']}{{{name}}}"
        if found["open"] or found["close"]:
            within = bool(found["open"])
            return str(found[0])
        if found["dot"]:
            return "." if within else r"[^\n]"
        escape = found["escape"]
        if escape in _CLASSES or escape[1].isalnum():
            return str(_CLASSES.get(escape, escape))
        return f"\\u{{{ord(escape[1]):x}}}"

    return _SIGN.sub(meant, pattern)


def _letters(words: str) -> list[str]:
    """Split into classes, such as [sdmt], and single signs."""
    return regex.findall(r"\[[^\]]*\]|.", words)


def _any_case(sign: str) -> str:
    if len(sign) > 1:
        return "[" + "".join(_cases(letter) for letter in sign[1:-1]) + "]"
    return f"[{_cases(sign)}]" if sign.isalpha() else sign


def _cases(letter: str) -> str:
    return "".join(dict.fromkeys([letter, letter.lower(), letter.upper(), _ALSO.get(letter.lower(), "")]))
