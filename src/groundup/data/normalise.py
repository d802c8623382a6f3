"""One spelling for each thing on the page, on purpose and in one place.

Real parallel text spells the same sentence in several ways. The French side of the Tatoeba corpus puts U+202F, U+00A0,
U+2009 or a plain space before "!" and "?", writes l'eau with either apostrophe, and hides a few zero-width spaces. To
a byte-level tokenizer these are different bytes: they waste vocabulary, a model must guess which one the reference
happened to use, and a sentence typed at the keyboard looks like nothing it has read. So sentence pairs are normalised
when they are read, and a sentence to be translated is normalised in the same way.

Running text for language models is left as it is: there the file itself is what has to be predicted, and bits per byte
mean something only over the bytes of the file.
"""

import unicodedata

import regex

_PLAIN = {0x00A0: " ", 0x1680: " ", 0x202F: " ", 0x205F: " ", 0x3000: " "}
_PLAIN |= dict.fromkeys(range(0x2000, 0x200B), " ")  # en quad .. hair space
_PLAIN |= dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF), "")  # soft hyphen, zero-width space, word joiner, BOM
_PLAIN |= dict.fromkeys(map(ord, "‘’‚‛"), "'")
_PLAIN |= dict.fromkeys(map(ord, "“”„‟"), '"')

_NOT_WORDS = regex.compile(r"[\p{P}\p{Z}\p{Cc}]+")


def normalise(text: str) -> str:
    """The text with plain spaces and quotes, nothing invisible, and composed accents (Unicode NFC).

    Joiners that carry meaning (U+200C, U+200D) and line ends stay.
    """
    if text.isascii():
        return text
    # Translated first: a zero-width space between a letter and its accent would keep them apart.
    return unicodedata.normalize("NFC", text.translate(_PLAIN))


def normalise_sentence(text: str) -> str:
    """One sentence on one line: normalised, every run of blanks a single space, none at the ends."""
    return " ".join(normalise(text).split())


def sentence_key(text: str) -> str:
    """What counts as the same sentence when a corpus is split: words only, without case or punctuation.

    "Don't go!", "don’t go." and "DON'T  GO" share a key (NFKC, case folding, punctuation and spaces squeezed), so that
    none of them can stand on the training side while another is in the test. Symbols count: "$5" is not "€5".
    """
    folded = unicodedata.normalize("NFKC", normalise(text).casefold())
    return _NOT_WORDS.sub(" ", folded).strip() or folded.strip()
