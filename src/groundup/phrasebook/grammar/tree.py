"""Syntax trees that belong to no language: small immutable noun phrases, pronouns and clauses.

A pattern builds one tree; `English`, `French` and `Italian` each write it as a sentence (an interlingua in the sense of
Vauquois, 1968). What one language decides by itself (gender, auxiliary, word order) is in its class, not here.
"""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

LANGUAGES = ("en", "fr", "it")


class Phrase(NamedTuple):
    """The same phrase in the three languages."""

    en: str
    fr: str
    it: str


class NounForms(NamedTuple):
    """A noun in one language: singular, plural, the gender of each (m, f); `only`: "pl" or "sg", if it has one."""

    singular: str
    plural: str
    gender: str
    plural_gender: str
    only: str | None


class Noun(NamedTuple):
    """A noun: its kind (person, food ...) and its form in each language."""

    kind: str
    en: NounForms
    fr: NounForms
    it: NounForms


class AdjectiveForms(NamedTuple):
    """An adjective in one language: masculine, feminine, and their plurals; `before` if it precedes its noun."""

    ms: str
    fs: str
    mp: str
    fp: str
    before: bool

    def agreeing(self, gender: str, plural: bool) -> str:
        """The form for this gender and number."""
        if gender == "f":
            return self.fp if plural else self.fs
        return self.mp if plural else self.ms


class Adjective(NamedTuple):
    """An adjective; in English its base and comparative ("more ..." where it has no form of its own)."""

    en: tuple[str, str]
    fr: AdjectiveForms
    it: AdjectiveForms
    suits: frozenset[str]


class RomanceVerb(NamedTuple):
    """A French or Italian verb: infinitive, reflexive or not, words that follow it, preposition of its object."""

    infinitive: str
    reflexive: bool
    rest: str
    preposition: str


class EnglishVerb(NamedTuple):
    """An English verb: base, past, participle, -s and -ing forms, and the words that follow (wait *for*)."""

    base: str
    past: str
    participle: str
    third: str
    ing: str
    rest: str


class Verb(NamedTuple):
    """A verb: its frame (`lexicon`), the nouns it takes as an object, and its forms in each language."""

    frame: str
    objects: tuple[Noun, ...]
    en: EnglishVerb
    fr: RomanceVerb
    it: RomanceVerb


@dataclass(frozen=True, slots=True)
class Pronoun:
    """A personal pronoun; `of` is the noun phrase it stands for, when the sentence names it (the key: it, elle)."""

    person: int
    plural: bool = False
    gender: str = "m"
    of: "NounPhrase | None" = None


@dataclass(frozen=True, slots=True)
class Name:
    """A proper name, the same in all languages."""

    name: str
    gender: str


@dataclass(frozen=True, slots=True)
class Indefinite:
    """An indefinite or interrogative subject: everyone, someone, nobody, who."""

    which: str


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """A noun phrase: determiner, adjectives, noun, number, owner, and relative clause."""

    noun: Noun
    plural: bool = False
    det: str = "the"
    adjectives: tuple[Adjective, ...] = ()
    count: int = 0
    owner: "NounPhrase | Name | None" = None
    relative: "Clause | None" = None


@dataclass(frozen=True, slots=True)
class Gap:
    """The place in a relative clause that the noun before it fills: (the car) that I bought."""

    of: NounPhrase


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause, which each language conjugates and puts in order.

    `tense`: present, now, past, perfect, just, was, used, future, near, command (you, we).
    `polarity`: yes, not, never, "no longer", "not yet", nothing, nobody.
    `governing`: the verb before an infinitive (want to, can). `predicate`: what follows "be".
    `to`: the recipient. `adverb`: a `Phrase` next to the verb (always, already). `adjuncts`: phrases at the end.
    `ask`: None, "yes/no", "who" (the subject), or a `Phrase` as question word.
    """

    subject: Any
    verb: Verb
    object: Any = None
    to: Any = None
    tense: str = "present"
    polarity: str = "yes"
    governing: Verb | None = None
    predicate: Any = None
    adverb: Phrase | None = None
    adjuncts: tuple[Any, ...] = ()
    ask: Any = None

    def replace(self, **changes: Any) -> "Clause":
        """The same clause with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Predicate:
    """A predicate adjective, compared or not (degree: "", very, too, more, less, as)."""

    adjective: Adjective
    degree: str = ""
    than: Any = None


@dataclass(frozen=True, slots=True)
class Template:
    """A wording in each language with {slots}; {slot:de} puts a preposition before the slot (du, della)."""

    en: str
    fr: str
    it: str
    slots: dict[str, Any] = field(default_factory=dict)


def template(en: str, fr: str, it: str, **slots: Any) -> Template:
    """A template and the nodes for its slots."""
    return Template(en, fr, it, slots)


I = Pronoun(1)
YOU = Pronoun(2)
HE = Pronoun(3)
SHE = Pronoun(3, gender="f")
WE = Pronoun(1, plural=True)
THEY = Pronoun(3, plural=True)
IT = Pronoun(3, gender="n")
