"""The word tables as `Noun`, `Adjective` and `Verb` objects, by kind, use and frame.

How to write a row of `words/`. The three languages have a cell each:

- `nouns.tsv`: `singular/plural` where the plural is irregular (the rules are in `grammar/*_inflection.py`), then the
  gender in French and Italian, `m/f` where it changes in the plural, and `pl` where the noun has no singular
  (scissors). Nouns for people that English leaves open (neighbour, doctor) have one fixed gender, so that an English
  sentence has one translation.
- `adjectives.tsv`: English base and comparative ("more ..." if there is none); French masculine, or
  `masculine/feminine`, or all four forms; Italian, or `singular/plural`. `^` marks an adjective that precedes its noun.
  `suits` lists kinds of noun and single nouns. Use: a `state` follows "be" (she is late), an `attribute` stands beside
  its noun, a `quality` does both.
- `verbs.tsv`: English base, past and participle if irregular (`go out went out gone out`); `se ...` and `...si` are
  reflexive; a last `à`, `de`, `a`, `di` is the preposition of the object; other words follow the verb (avoir *besoin*
  de). `objects` lists kinds of noun and single nouns.

The frame of a verb is what it takes: `intransitive` nothing, `transitive` an object, `stative` an object but no
progressive, `dative` an indirect object in French and Italian, `ditransitive` an object and a recipient (in English
the recipient may come first), `ditransitive-to` the same, but never first. `infinitive`, `infinitive-stative` (its past
is an imperfect), `modal` and `conditional` take another verb.
"""

from functools import cache

from groundup.phrasebook.grammar import english_inflection, french_inflection, italian_inflection
from groundup.phrasebook.grammar.tree import (
    Adjective,
    AdjectiveForms,
    EnglishVerb,
    Noun,
    NounForms,
    RomanceVerb,
    Verb,
)
from groundup.phrasebook.tables import Row, groups

PREPOSITIONS = {"fr": ("à", "de"), "it": ("a", "di")}
MASS = frozenset({"dish", "drink", "material"})  # kinds of noun that are never counted


def _noun_forms(cell: str, language: str, mass: bool) -> NounForms:
    only = "pl" if cell.endswith(" pl") else "sg" if mass else None
    cell = cell.removesuffix(" pl")
    gender, plural_gender = "", "n"
    if language != "en":
        cell, _, genders = cell.rpartition(" ")
        gender, _, plural_gender = genders.partition("/")
    singular, _, plural = cell.partition("/")
    if only == "pl":
        plural = singular
    if not plural:
        match language:
            case "en":
                plural = english_inflection.with_s(singular)
            case "fr":
                plural = french_inflection.plural(singular)
            case _:
                plural = italian_inflection.plural(singular, gender)
    return NounForms(singular, plural, gender, plural_gender or gender, only)


def _noun(kind: str, row: Row) -> Noun:
    english, french, italian = row
    mass = kind in MASS
    return Noun(
        kind, _noun_forms(english, "en", mass), _noun_forms(french, "fr", mass), _noun_forms(italian, "it", mass)
    )


def _adjective(row: Row) -> Adjective:
    english, french, italian, suits = row
    base, _, comparative = english.partition(" ")
    ms, *others = french.removeprefix("^").split("/")
    if len(others) < 3:
        fs = others[0] if others else french_inflection.feminine(ms)
        others = [fs, french_inflection.plural(ms), french_inflection.plural(fs)]
    it, _, plural = italian.removeprefix("^").partition("/")
    return Adjective(
        (base, comparative or f"more {base}"),
        AdjectiveForms(ms, *others, before=french.startswith("^")),
        AdjectiveForms(*italian_inflection.inflections(it, plural or None), before=italian.startswith("^")),
        frozenset(suit.replace("_", " ") for suit in suits.split()),
    )


def _english_verb(cell: str) -> EnglishVerb:
    parts = cell.split()
    size = len(parts) // 3 if len(parts) % 3 == 0 else len(parts)
    base, rest = parts[0], " ".join(parts[1:size])
    regular = english_inflection.with_ed(base)
    past, participle = (parts[size], parts[2 * size]) if size < len(parts) else (regular, regular)
    return EnglishVerb(base, past, participle, english_inflection.with_s(base), english_inflection.with_ing(base), rest)


def _romance_verb(cell: str, language: str) -> RomanceVerb:
    reflexive = cell.startswith(("se ", "s'")) or cell.partition(" ")[0].endswith("rsi")
    head, *rest = cell.removeprefix("se ").removeprefix("s'").split()
    if reflexive and language == "it":
        head = head.removesuffix("si") + "e"
    preposition = rest.pop() if rest and rest[-1] in PREPOSITIONS[language] else ""
    return RomanceVerb(head, reflexive, " ".join(rest), preposition)


NOUNS = {kind: [_noun(kind, row) for row in table] for kind, table in groups("nouns").items()}
ADJECTIVES = {use: [_adjective(row) for row in table] for use, table in groups("adjectives").items()}
_BY_NAME = {noun.en.singular: noun for kind in NOUNS.values() for noun in kind}


def noun(name: str) -> Noun:
    """The noun with this English singular; `_` stands for a space."""
    return _BY_NAME[name.replace("_", " ")]


@cache
def nouns(names: str) -> tuple[Noun, ...]:
    """The nouns of a list of kinds and single nouns ("job" is a kind)."""
    found: list[Noun] = []
    for name in names.split():
        found += NOUNS[name] if name in NOUNS else [noun(name)]
    return tuple(dict.fromkeys(found))


def make_verb(english: str, french: str, italian: str, frame: str = "intransitive", objects: str = "") -> Verb:
    """A verb from the cells of a row; patterns make the few verbs that only they use."""
    return Verb(
        frame, nouns(objects), _english_verb(english), _romance_verb(french, "fr"), _romance_verb(italian, "it")
    )


VERBS = {
    frame: [make_verb(en, fr, it, frame, objects) for en, fr, it, objects in table]
    for frame, table in groups("verbs").items()
}
BE = make_verb("be was been", "être", "essere", "be")


@cache
def verb(english: str, frame: str) -> Verb:
    """The verb with this English base form (and the words that follow it) in a frame."""
    for candidate in VERBS[frame]:
        if f"{candidate.en.base} {candidate.en.rest}".strip() == english:
            return candidate
    raise KeyError(english)


_FITTING: dict[Noun, dict[str, list[Adjective]]] = {}


def adjectives_for(noun: Noun, use: str = "quality") -> list[Adjective]:
    """The adjectives of this use that a noun can have."""
    known = _FITTING.setdefault(noun, {})
    if use not in known:
        known[use] = [a for a in ADJECTIVES[use] if a.suits & {noun.kind, noun.en.singular}]
    return known[use]
