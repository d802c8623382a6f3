"""phrasebook: English–French and English–Italian sentence pairs from a grammar, for translation without a download.

`patterns` draws what a sentence says (a small tree, `meaning`), out of the words of `lexicon`; `English`, `French` and
`Italian` each say the tree. One English sentence has one translation, fixed by these rules: "you" is vous in French
and tu in Italian; I, you, we and they are masculine; "it" without a noun in its sentence is masculine; it and they
that stand for a noun of the sentence take its gender; names show theirs (Marie, Paul).
"""

import re
from collections.abc import Iterator
from itertools import islice
from zlib import crc32

from groundup.data.phrasebook import numerals
from groundup.data.phrasebook.english import English
from groundup.data.phrasebook.french import French
from groundup.data.phrasebook.italian import Italian
from groundup.data.phrasebook.patterns import meanings

Pair = tuple[str, str]
LANGUAGES = {"fr": French, "it": Italian}
SHARES = (("test", 0.05), ("valid", 0.10))  # of all sentences there are, cumulated; the rest is for training

_WORD = re.compile(r"[^\W\d_]+")
_PIECES = sorted({numerals.italian(n) for n in (*range(20), *range(20, 100, 10))} | {"cento", "mille", "mila", "tré"})
_STEMS = [re.sub("[ai]$", "[ai]?", piece) for piece in sorted(_PIECES, key=len, reverse=True)]
_NUMERAL = re.compile("|".join(["cent(?=ott)", *_STEMS]))


def stream(language: str, *, seed: int = 0) -> Iterator[Pair]:
    """Pairs (English, other) for ever, some more than once; `language` is "fr" or "it"."""
    if language not in LANGUAGES:
        raise ValueError(f"the phrasebook has no language {language!r}; try one of {', '.join(LANGUAGES)}")
    english, other = English(), LANGUAGES[language]()
    for meaning in meanings(seed):
        yield english.sentence(meaning), other.sentence(meaning)


def phrasebook(language: str, *, count: int, seed: int = 0) -> list[Pair]:
    """`count` distinct pairs (English, other) in the order they are drawn; `language` is "fr" or "it"."""
    return list(islice(_distinct(stream(language, seed=seed)), count))


def _distinct(pairs: Iterator[Pair]) -> Iterator[Pair]:
    seen: set[str] = set()
    for pair in pairs:
        if pair[0] not in seen:
            seen.add(pair[0])
            yield pair


def side(pair: Pair) -> str:
    """Where a pair belongs, whatever the seed and the sizes: "train", "valid" or "test".

    A checksum of the translation without capitals and punctuation decides. The translation is a function of the
    English sentence, so no sentence of either language, nor the same words as a question, is on two sides.
    """
    words = " ".join(re.findall(r"\w+", pair[1].lower()))
    draw = crc32(words.encode()) / 2**32
    return next((name for name, share in SHARES if draw < share), "train")


def forms(sentence: str) -> list[str]:
    """The word forms of a sentence, lower case: elided clitics and the pieces of an Italian numeral are words."""
    found: list[str] = []
    for word in _WORD.findall(sentence.lower()):
        pieces = _NUMERAL.findall(word)
        found += pieces if "".join(pieces) == word else [word]
    return found


def phrasebook_splits(
    language: str, *, train: int, valid: int, test: int, seed: int = 0
) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """Training, validation and test pairs: no sentence on two sides, no word in the last two that the first lacks.

    Every pair goes to its `side`; a pair for validation or test is kept if all its `forms` are in the training pairs.
    """
    wanted = {"train": train, "valid": valid, "test": test}
    sides: dict[str, list[Pair]] = {"train": [], "valid": [], "test": []}
    known: tuple[set[str], set[str]] = (set(), set())
    pairs = _distinct(stream(language, seed=seed))
    while len(sides["train"]) < train:
        pair = next(pairs)
        sides[side(pair)].append(pair)
    for source, target in sides["train"]:
        known[0].update(forms(source))
        known[1].update(forms(target))

    def seen(pair: Pair) -> bool:
        return known[0].issuperset(forms(pair[0])) and known[1].issuperset(forms(pair[1]))

    for name in ("valid", "test"):
        sides[name] = [pair for pair in sides[name] if seen(pair)][: wanted[name]]
    while any(len(sides[name]) < wanted[name] for name in ("valid", "test")):
        pair = next(pairs)
        name = side(pair)
        if name != "train" and len(sides[name]) < wanted[name] and seen(pair):
            sides[name].append(pair)
    return sides["train"], sides["valid"], sides["test"]
