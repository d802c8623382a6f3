"""Cut text into sentences, in many scripts, in time proportional to its length."""

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
"""The characters that end a sentence in scripts without spaces between sentences."""


def sentences(text: str) -> list[str]:
    """Cut the text at line breaks and at the ends of sentences: after . ! ? … before a space, after 。！？ । ؟ ።.

    Closing quotes and brackets belong to the sentence before. Abbreviations are not recognised: "Mr. Smith" is cut in
    two.
    """
    ends = [found.end() for found in _END.finditer(text)]
    parts = (text[first:end].strip() for first, end in zip([0, *ends], [*ends, len(text)], strict=True))
    return [part for part in parts if part]


def joined(texts: list[str]) -> str:
    """Join sentences to one text, with spaces between them if their script uses spaces."""
    return "".join(
        text + ("" if following is None or text.endswith(WITHOUT_SPACE) else " ")
        for text, following in zip(texts, [*texts[1:], None], strict=True)
    )
