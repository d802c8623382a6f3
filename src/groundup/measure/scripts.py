"""Choose sacreBLEU's tokenizer for a language: BLEU counts words, and many scripts put no spaces between words.

A Chinese sentence without spaces is one word for the tokenizer 13a, so a translation would be entirely right or
entirely wrong. sacreBLEU has a tokenizer for Chinese (zh), for Japanese and for Korean (ja-mecab, ko-mecab; each needs
an extra), and one for single characters (char) for other scripts.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache

import regex
from sacrebleu.metrics.bleu import BLEU

SHARE = 0.25
"""The share of letters from which a text counts as written in a script, despite names and quotations in others."""

_SCRIPTS = {
    "Japanese": regex.compile(r"[\p{Hiragana}\p{Katakana}ー]"),
    "Han": regex.compile(r"\p{Han}"),
    "Hangul": regex.compile(r"\p{Hangul}"),
    "unspaced": regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Javanese}\p{Balinese}]"),
}
_LETTER = regex.compile(r"\p{L}")


def tokenizer_of(texts: Iterable[str]) -> str:
    """Return the name of sacreBLEU's tokenizer for the script of these texts: 13a if spaces separate words."""
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
        # Half of Japanese text is kana; Chinese text may contain a few.
        return _first("ja-mecab") if counts["Japanese"] >= counts["Han"] / 10 else "zh"
    for name, tokenizer in (("Han", "zh"), ("Hangul", "ko-mecab"), ("unspaced", "char")):
        if counts[name] and counts[name] >= SHARE * letters:
            return _first(tokenizer)
    return "13a"


def asian(tokenizer: str) -> bool:
    """Whether TER must split text with this tokenizer into characters, too."""
    return tokenizer in ("zh", "ja-mecab", "ko-mecab", "char")


@cache
def _first(tokenizer: str) -> str:
    """Return the tokenizer, or single characters if its extra is not installed."""
    try:
        BLEU(tokenize=tokenizer)
    except RuntimeError:
        return "char"
    return tokenizer


def check_tokenizer(name: str) -> None:
    """Raise ValueError for a name that sacreBLEU does not know, or whose extra is not installed."""
    if name not in BLEU.TOKENIZERS:
        raise ValueError(f"tokenize ({name!r}) must be one of {', '.join(BLEU.TOKENIZERS)}")
    try:
        BLEU(tokenize=name)
    except RuntimeError:
        raise ValueError(f"tokenize ({name!r}) needs an extra: pip install 'sacrebleu[{name[:2]}]'") from None
