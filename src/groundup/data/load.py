"""A corpus by its name or by its path: the one door through which recipes and the command line get their text."""

import os
from pathlib import Path
from typing import Any

from groundup.data.catalogue import SOURCES, source
from groundup.data.corpus import read_texts
from groundup.data.dialogue import dialogue_rows, split_dialogue
from groundup.data.normalise import normalise_sentence
from groundup.data.pairs import Pair, Row, clean, numbered_rows, read_pairs
from groundup.data.sources import Source, locate
from groundup.data.split import PairSplits
from groundup.data.stdlib import stdlib_texts

PHRASEBOOK_PAIRS = 20_000
"""How many pairs of the built-in phrasebook are made when no number is given."""
HELD_OUT = 1000
"""How many pairs a part has when no number is given; a tenth of a corpus that has fewer than ten times as many."""


def load_texts(name_or_path: str | Path, *, part: str = "train", progress: Any = None) -> list[str]:
    """The texts of a named corpus or of the user's own file or folder."""
    corpus = _with_part(name_or_path, part)
    if corpus is None:
        return list(read_texts(name_or_path))
    if corpus.kind != "text":
        raise ValueError(f"{corpus.name} is a corpus of pairs, and running text is needed here")
    if not corpus.files:
        return list(stdlib_texts())
    return [text for path in locate(corpus, part, progress=progress) for text in read_texts(path)]


def load_pairs(
    name_or_path: str | Path,
    other: str | Path | None = None,
    *,
    part: str = "train",
    seed: int = 0,
    distinct: bool = True,
    progress: Any = None,
) -> list[Pair]:
    """The pairs of a named corpus or of the user's own file (or two, line by line), normalised.

    `distinct` leaves repeated pairs out, but not of published validation and test parts: they are judged as they are.
    `seed` is for the phrasebook. Of a dialogue the source is all that was said before the reply (`exchanges`).
    """
    corpus = _with_part(name_or_path, part)
    if corpus is None and other is None:
        return clean((row.pair for row in dialogue_rows(name_or_path)), distinct=distinct).pairs
    if corpus is None:
        return read_pairs(name_or_path, other, distinct=distinct)
    if other is not None:
        raise ValueError(f"{corpus.name} is complete in itself; it cannot be aligned with {other}")
    if corpus.kind == "text":
        raise ValueError(f"{corpus.name} is running text, and pairs are needed here")
    if not corpus.files:
        from groundup.phrasebook.corpus import phrasebook

        return clean(phrasebook(_target_language(corpus), count=PHRASEBOOK_PAIRS, seed=seed)).pairs
    paths = locate(corpus, part, progress=progress)
    if corpus.kind == "dialogue":
        return clean((row.pair for path in paths for row in dialogue_rows(path)), distinct=distinct).pairs
    return read_pairs(*paths, distinct=distinct and part == "train")


def load_rows(name_or_path: str | Path, other: str | Path | None = None) -> list[Row]:
    """Every row of a test set, repeated and empty ones too, normalised, with the number of its line (or of the pair).

    What `load_pairs(..., distinct=False)` reads, for those who must say which line was at fault.
    """
    if named(name_or_path) is not None:
        pairs = load_pairs(name_or_path, other, distinct=False)
        return [Row(number, pair) for number, pair in enumerate(pairs, 1)]
    rows = dialogue_rows(name_or_path, bare=True) if other is None else numbered_rows(name_or_path, other)
    return [Row(line, Pair(*map(normalise_sentence, pair))) for line, pair in rows]


def load_splits(
    name_or_path: str | Path,
    other: str | Path | None = None,
    *,
    valid: int | None,
    test: int | None,
    seed: int,
    train: int = PHRASEBOOK_PAIRS,
    progress: Any = None,
) -> PairSplits:
    """The pairs of a corpus in parts that share no sentence (`split_pairs`) and no conversation (`split_dialogue`).

    A corpus with parts of its own (Multi30k) keeps them as they were published, whatever `valid` and `test` say. None
    is 1,000 pairs, or a tenth of the corpus where that is less.
    `train` is for the phrasebook alone, which makes as many pairs as it is asked for.
    """
    corpus = named(name_or_path)
    if corpus is not None and other is not None:
        raise ValueError(f"{corpus.name} is complete in itself; it cannot be aligned with {other}")
    if corpus is not None and {"valid", "test"} <= set(corpus.files):
        parts = (load_pairs(corpus.name, part=part, progress=progress) for part in ("train", "valid", "test"))
        return PairSplits(*parts)
    if corpus is not None and corpus.kind == "pairs" and not corpus.files:
        from groundup.phrasebook.corpus import phrasebook_splits

        parts = dict(valid=part_size(valid), test=part_size(test))
        made = phrasebook_splits(_target_language(corpus), train=train, **parts, seed=seed)
        return PairSplits(*(clean(part).pairs for part in made))
    pairs = load_pairs(name_or_path, other, seed=seed, progress=progress)
    sizes = dict(valid=part_size(valid, len(pairs)), test=part_size(test, len(pairs)))
    return split_dialogue(pairs, **sizes, seed=seed)


def part_size(wanted: int | None, pairs: int | None = None) -> int:
    """How many pairs to hold out for a part, of so many: what is wanted, else HELD_OUT but a tenth at most."""
    if wanted is not None:
        return wanted
    return HELD_OUT if pairs is None else max(1, min(HELD_OUT, pairs // 10))


def named(name_or_path: str | Path) -> Source | None:
    """The corpus of that name, or None if this is a path; a misspelt name is a ValueError with the nearest one."""
    text = str(name_or_path)
    if text in SOURCES:
        return SOURCES[text]
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.exists() or path.suffix or os.sep in text or "/" in text:
        return None
    return source(text)


def _with_part(name_or_path: str | Path, part: str) -> Source | None:
    """The named corpus or None, as `named`; ValueError where a part is asked for and there are none."""
    corpus = named(name_or_path)
    if part != "train" and (corpus is None or not corpus.files):
        raise ValueError(f"{name_or_path} has no parts; leave {part!r} out, and split it")
    return corpus


def _target_language(corpus: Source) -> str:
    return corpus.languages.split("-")[1]
