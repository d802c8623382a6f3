"""Pairs of sentences, and training, validation and test parts that share no sentence.

One English sentence has one translation, fixed by these rules: "you" is vous in French and tu in Italian; I, you, we
and they are masculine; "it" without a noun in its sentence is masculine; "it" and "they" that stand for a noun of the
sentence take its gender; names show theirs (Marie, Paul).
"""

import re
from collections.abc import Iterator
from itertools import islice
from zlib import crc32

from groundup.phrasebook.grammar import numerals
from groundup.phrasebook.grammar.english import English
from groundup.phrasebook.grammar.french import French
from groundup.phrasebook.grammar.italian import Italian
from groundup.phrasebook.sentences.patterns import draw_trees

Pair = tuple[str, str]
LANGUAGES = {"fr": French, "it": Italian}
SHARES = (("test", 0.05), ("valid", 0.10))  # cumulative shares of all possible sentences; the rest is for training

_WORD = re.compile(r"[^\W\d_]+")
_PIECES = sorted({numerals.italian(n) for n in (*range(20), *range(20, 100, 10))} | {"cento", "mille", "mila", "tré"})
_STEMS = [re.sub("[ai]$", "[ai]?", piece) for piece in sorted(_PIECES, key=len, reverse=True)]
_NUMERAL = re.compile("|".join(["cent(?=ott)", *_STEMS]))


def stream(language: str, *, seed: int = 0) -> Iterator[Pair]:
    """An endless stream of pairs (English, other) with repetitions; `language` is "fr" or "it"."""
    if language not in LANGUAGES:
        raise ValueError(f"the phrasebook has no language {language!r}; try one of {', '.join(LANGUAGES)}")
    english, other = English(), LANGUAGES[language]()
    for tree in draw_trees(seed):
        yield english.sentence(tree), other.sentence(tree)


def phrasebook(language: str, *, count: int, seed: int = 0) -> list[Pair]:
    """`count` distinct pairs (English, other) in the order they are drawn; `language` is "fr" or "it"."""
    return list(islice(_distinct(stream(language, seed=seed)), count))


def _distinct(pairs: Iterator[Pair]) -> Iterator[Pair]:
    seen: set[str] = set()
    for pair in pairs:
        if pair[0] not in seen:
            seen.add(pair[0])
            yield pair


def part_of(pair: Pair) -> str:
    """The part a pair belongs to, whatever the seed and the sizes: "train", "valid" or "test".

    A checksum of the translation without capitals and punctuation decides. The translation is a function of the
    English sentence, so no sentence of either language is in two parts, nor are the same words as a question.
    """
    words = " ".join(re.findall(r"\w+", pair[1].lower()))
    draw = crc32(words.encode()) / 2**32
    return next((name for name, share in SHARES if draw < share), "train")


def word_forms(sentence: str) -> list[str]:
    """The word forms of a sentence in lower case; elided clitics and the pieces of an Italian numeral are words."""
    found: list[str] = []
    for word in _WORD.findall(sentence.lower()):
        pieces = _NUMERAL.findall(word)
        found += pieces if "".join(pieces) == word else [word]
    return found


def phrasebook_splits(
    language: str, *, train: int, valid: int, test: int, seed: int = 0
) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """Training, validation and test pairs. No sentence is in two parts, and training has every word of the other two.

    Every pair goes to its `part_of`; a pair for validation or test is kept if all its `word_forms` are in the training
    pairs.
    """
    wanted = {"train": train, "valid": valid, "test": test}
    parts: dict[str, list[Pair]] = {"train": [], "valid": [], "test": []}
    known: tuple[set[str], set[str]] = (set(), set())
    pairs = _distinct(stream(language, seed=seed))
    while len(parts["train"]) < train:
        pair = next(pairs)
        parts[part_of(pair)].append(pair)
    for source, target in parts["train"]:
        known[0].update(word_forms(source))
        known[1].update(word_forms(target))

    def all_known(pair: Pair) -> bool:
        return known[0].issuperset(word_forms(pair[0])) and known[1].issuperset(word_forms(pair[1]))

    for name in ("valid", "test"):
        parts[name] = [pair for pair in parts[name] if all_known(pair)][: wanted[name]]
    while any(len(parts[name]) < wanted[name] for name in ("valid", "test")):
        pair = next(pairs)
        name = part_of(pair)
        if name != "train" and len(parts[name]) < wanted[name] and all_known(pair):
            parts[name].append(pair)
    return parts["train"], parts["valid"], parts["test"]
