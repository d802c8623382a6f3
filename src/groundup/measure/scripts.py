"""Which of sacreBLEU's tokenizers fits a language: BLEU counts words, and many scripts put no spaces between them.

A Chinese sentence without spaces is one word to the tokenizer 13a, so that a translation is right as a whole or not at
all. sacreBLEU has a tokenizer for Chinese (zh), for Japanese and for Korean (ja-mecab, ko-mecab, each with an extra of
its own), and takes single characters (char) where there is none.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache

import regex
from sacrebleu.metrics.bleu import BLEU

SHARE = 0.25
"""Of the letters: from here on a text is in a script, whatever names and quotations are in it."""

_SCRIPTS = {
    "Japanese": regex.compile(r"[\p{Hiragana}\p{Katakana}ー]"),
    "Han": regex.compile(r"\p{Han}"),
    "Hangul": regex.compile(r"\p{Hangul}"),
    "unspaced": regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Javanese}\p{Balinese}]"),
}
_LETTER = regex.compile(r"\p{L}")


def tokenizer_of(texts: Iterable[str]) -> str:
    """sacreBLEU's name of the tokenizer for texts in this script: 13a where words have spaces."""
    counts: Counter[str] = Counter()
    letters = 0
    for text in texts:
        if text.isascii():
            letters += sum(map(str.isalpha, text))
            continue
        letters += len(_LETTER.findall(text))
        for name, script in _SCRIPTS.items():
            counts[name] += len(script.findall(text))
    if counts["Japanese"] and counts["Japanese"] + counts["Han"] >= SHARE * letters:
        # Kana are half of Japanese; in Chinese one may be met.
        return _first("ja-mecab") if counts["Japanese"] >= counts["Han"] / 10 else "zh"
    for name, tokenizer in (("Han", "zh"), ("Hangul", "ko-mecab"), ("unspaced", "char")):
        if counts[name] and counts[name] >= SHARE * letters:
            return _first(tokenizer)
    return "13a"


def asian(tokenizer: str) -> bool:
    """Whether TER, too, must part the signs of such a language."""
    return tokenizer in ("zh", "ja-mecab", "ko-mecab", "char")


@cache
def _first(tokenizer: str) -> str:
    """The tokenizer, or single characters where its extra is not installed."""
    try:
        BLEU(tokenize=tokenizer)
    except RuntimeError:
        return "char"
    return tokenizer


def check_tokenizer(name: str) -> None:
    """ValueError for a name that sacreBLEU does not know, or whose extra is not here."""
    if name not in BLEU.TOKENIZERS:
        raise ValueError(f"tokenize ({name!r}) must be one of {', '.join(BLEU.TOKENIZERS)}")
    try:
        BLEU(tokenize=name)
    except RuntimeError:
        raise ValueError(f"tokenize ({name!r}) needs an extra: pip install 'sacrebleu[{name[:2]}]'") from None
