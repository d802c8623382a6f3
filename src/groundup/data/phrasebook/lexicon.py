"""The word tables read into trees: `NOUNS`, `ADJECTIVES` and `VERBS` by kind, and `noun(name)`."""

from collections.abc import Iterator
from functools import cache

from groundup.data.phrasebook import adjectives, english_forms, french_forms, italian_forms, nouns, verbs
from groundup.data.phrasebook.meaning import Adjective, EnglishWord, Form, Inflected, Noun, Verb, Word

PREPOSITIONS = {"fr": ("à", "de"), "it": ("a", "di")}


def _rows(table: str) -> Iterator[tuple[str, list[str]]]:
    """Every row of a table with the section it stands in."""
    section = ""
    for line in table.strip().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line:
            yield section, [column.strip() for column in line.split("|")]


def _form(column: str, language: str, mass: bool) -> Form:
    only = "pl" if column.endswith(" pl") else "sg" if mass else None
    column = column.removesuffix(" pl")
    gender, last = "", "n"
    if language != "en":
        column, _, genders = column.rpartition(" ")
        gender, _, last = genders.partition("/")
    singular, _, plural = column.partition("/")
    if only == "pl":
        plural = singular
    if not plural:
        match language:
            case "en":
                plural = english_forms.with_s(singular)
            case "fr":
                plural = french_forms.plural(singular)
            case _:
                plural = italian_forms.plural(singular, gender)
    return Form(singular, plural, gender, last or gender, only)


def _noun(kind: str, columns: list[str]) -> Noun:
    english, french, italian = columns
    mass = kind in nouns.MASS
    return Noun(kind, _form(english, "en", mass), _form(french, "fr", mass), _form(italian, "it", mass))


def _adjective(columns: list[str]) -> Adjective:
    english, french, italian, suits = columns
    base, _, comparative = english.partition(" ")
    ms, *others = french.removeprefix("^").split("/")
    if len(others) < 3:
        fs = others[0] if others else french_forms.feminine(ms)
        others = [fs, french_forms.plural(ms), french_forms.plural(fs)]
    it, _, several = italian.removeprefix("^").partition("/")
    return Adjective(
        (base, comparative or f"more {base}"),
        Inflected(ms, *others, before=french.startswith("^")),
        Inflected(*italian_forms.inflections(it, several or None), before=italian.startswith("^")),
        frozenset(suit.replace("_", " ") for suit in suits.split()),
    )


def _english(column: str) -> EnglishWord:
    parts = column.split()
    size = len(parts) // 3 if len(parts) % 3 == 0 else len(parts)
    base, rest = parts[0], " ".join(parts[1:size])
    regular = english_forms.with_ed(base)
    past, participle = (parts[size], parts[2 * size]) if size < len(parts) else (regular, regular)
    return EnglishWord(base, past, participle, english_forms.with_s(base), english_forms.with_ing(base), rest)


def _word(column: str, language: str) -> Word:
    reflexive = column.startswith(("se ", "s'")) or column.partition(" ")[0].endswith("rsi")
    head, *rest = column.removeprefix("se ").removeprefix("s'").split()
    if reflexive and language == "it":
        head = head.removesuffix("si") + "e"
    preposition = rest.pop() if rest and rest[-1] in PREPOSITIONS[language] and len(column.split()) > 1 else ""
    if column in ("andare a letto", "prendere in prestito", "chiudere a chiave"):
        rest, preposition = column.split()[1:], ""
    return Word(head, reflexive, " ".join(rest), preposition)


NOUNS: dict[str, list[Noun]] = {}
for _kind, _columns in _rows(nouns.NOUNS):
    NOUNS.setdefault(_kind, []).append(_noun(_kind, _columns))
_BY_NAME = {noun.en.singular: noun for kind in NOUNS.values() for noun in kind}

ADJECTIVES = {"quality": [], "attribute": [], "state": []}
for _section, _columns in _rows(adjectives.ADJECTIVES):
    ADJECTIVES[_section].append(_adjective(_columns))


def noun(name: str) -> Noun:
    """The noun of this English name."""
    return _BY_NAME[name.replace("_", " ")]


@cache
def chosen(names: str) -> tuple[Noun, ...]:
    """The nouns of a list of kinds and single nouns ("job" is a kind)."""
    found: list[Noun] = []
    for name in names.split():
        found += NOUNS[name] if name in NOUNS else [noun(name)]
    return tuple(dict.fromkeys(found))


def _verb(frame: str, columns: list[str]) -> Verb:
    english, french, italian, *takes = columns
    selected = chosen(takes[0]) if takes else ()
    return Verb(frame, selected, _english(english), _word(french, "fr"), _word(italian, "it"))


VERBS: dict[str, list[Verb]] = {}
for _frame, _columns in _rows(verbs.VERBS):
    VERBS.setdefault(_frame, []).append(_verb(_frame, _columns))


def own_verb(english: str, french: str, italian: str, frame: str = "alone") -> Verb:
    """A verb that only one kind of sentence uses, written as in the table."""
    return Verb(frame, (), _english(english), _word(french, "fr"), _word(italian, "it"))


BE = own_verb("be was been", "être", "essere", "be")


@cache
def verb(english: str, frame: str) -> Verb:
    """The verb of this English base form (with its rest) in a frame."""
    for candidate in VERBS[frame]:
        if f"{candidate.en.base} {candidate.en.rest}".strip() == english:
            return candidate
    raise KeyError(english)


_SUITING: dict[Noun, dict[str, list[Adjective]]] = {}


def suiting(noun: Noun, section: str = "quality") -> list[Adjective]:
    """The adjectives that a noun can have; a state is only said, an attribute is never said."""
    known = _SUITING.setdefault(noun, {})
    if section not in known:
        known[section] = [a for a in ADJECTIVES[section] if a.suits & {noun.kind, noun.en.singular}]
    return known[section]
