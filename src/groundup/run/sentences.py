"""Text cut into sentences, in many scripts and in time that grows with its length alone."""

import regex

_CLOSING = r"""["'”“’‘»«›‹)\]}」』）】》〉]*+"""
_END = regex.compile(
    rf"""
      (?<![.!?…])[.!?…]++ {_CLOSING} (?:[\ \u00a0\u202f]?+[»›])?+ (?=\s)   # "Come." She  « Viens. » Elle
    | (?<=\p{{Greek}}); {_CLOSING} (?=\s) | \u037e {_CLOSING}              # the Greek question mark
    | [。！？｡।॥۔؟։።፧។៕။།]++ {_CLOSING}                                     # signs that need no space after them
    | [\r\n]++
    """,
    regex.VERBOSE,
)
WITHOUT_SPACE = tuple("。！？｡」』）】》〉")
"""What ends a sentence in scripts that put no space between two."""


def sentences(text: str) -> list[str]:
    """The text cut at line breaks and where sentences end: after . ! ? … before a space, after 。！？ । ؟ ። anywhere.

    Quotes and brackets that close there belong to the sentence before. Nothing is known of abbreviations: "Mr. Smith"
    is cut in two.
    """
    ends = [found.end() for found in _END.finditer(text)]
    parts = (text[first:end].strip() for first, end in zip([0, *ends], [*ends, len(text)], strict=True))
    return [part for part in parts if part]


def joined(texts: list[str]) -> str:
    """Sentences as one text, with a space between two where their script has one."""
    return "".join(
        text + ("" if following is None or text.endswith(WITHOUT_SPACE) else " ")
        for text, following in zip(texts, [*texts[1:], None], strict=True)
    )
