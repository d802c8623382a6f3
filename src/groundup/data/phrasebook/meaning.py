"""What a sentence says, before any language says it: small immutable trees of nouns, persons and clauses.

A pattern builds one tree; `English`, `French` and `Italian` each speak it (the interlingua of machine translation:
Vauquois, 1968). Everything a language decides by itself (gender, auxiliary, word order) is in its word, not here.
"""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

LANGUAGES = ("en", "fr", "it")


class Fixed(NamedTuple):
    """The same phrase in the three languages."""

    en: str
    fr: str
    it: str


class Form(NamedTuple):
    """A noun in one language: its two numbers, its genders in them (m, f), and "pl" or "sg" if it has only one."""

    singular: str
    plural: str
    gender: str
    plural_gender: str
    only: str | None


class Noun(NamedTuple):
    """A noun: its kind (person, food ...) and its form in each language."""

    kind: str
    en: Form
    fr: Form
    it: Form


class Inflected(NamedTuple):
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
    fr: Inflected
    it: Inflected
    suits: frozenset[str]


class Word(NamedTuple):
    """A verb in one language: infinitive, reflexive or not, words that follow it, preposition of its object."""

    infinitive: str
    reflexive: bool
    rest: str
    preposition: str


class EnglishWord(NamedTuple):
    """An English verb: base, past, participle, -s and -ing forms, and the words that follow (wait *for*)."""

    base: str
    past: str
    participle: str
    third: str
    ing: str
    rest: str


class Verb(NamedTuple):
    """A verb: its frame, the nouns it takes as an object, and its word in each language."""

    frame: str
    takes: tuple[Noun, ...]
    en: EnglishWord
    fr: Word
    it: Word


@dataclass(frozen=True, slots=True)
class Person:
    """A personal pronoun; `of` is the noun phrase it stands for, when the sentence names it (the key: it, elle)."""

    person: int
    plural: bool = False
    gender: str = "m"
    of: "Thing | None" = None


@dataclass(frozen=True, slots=True)
class Name:
    """A proper name, the same in all languages."""

    name: str
    gender: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """everyone, someone, nobody as a subject."""

    which: str


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun phrase: determiner, adjectives, noun, number, owner, and a relative clause that speaks of it."""

    noun: Noun
    plural: bool = False
    det: str = "the"
    adjectives: tuple[Adjective, ...] = ()
    count: int = 0
    owner: "Thing | Name | None" = None
    relative: "Clause | None" = None


@dataclass(frozen=True, slots=True)
class Gap:
    """The place in a relative clause that the noun before it fills: (the car) that I bought."""

    of: Thing


@dataclass(frozen=True, slots=True)
class Clause:
    """Who does what to whom, when, and whether: the sentence that each language conjugates and orders.

    `tense`: present, now, past, perfect, just, was, used, future, near, command (you, we).
    `polarity`: yes, not, never, "no longer", "not yet", nothing, nobody.
    `through`: the auxiliary verb before the verb (want to, can). `said`: what a subject is said to be.
    `adverb`: a `Fixed` in the middle field (always, already). `tail`: phrases at the end.
    `ask`: None, "yes/no", "who" (the subject), or a `Fixed` question word.
    """

    subject: Any
    verb: Verb
    object: Any = None
    to: Any = None
    tense: str = "present"
    polarity: str = "yes"
    through: Verb | None = None
    said: Any = None
    adverb: Fixed | None = None
    tail: tuple[Any, ...] = ()
    ask: Any = None

    def but(self, **changes: Any) -> "Clause":
        """The same clause with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody is said to be: an adjective, compared or not (degree: "", very, too, more, less, as, most)."""

    adjective: Adjective
    degree: str = ""
    than: Any = None


@dataclass(frozen=True, slots=True)
class Template:
    """One wording a language with {slots}; {slot:de} joins a preposition to the slot (du, della)."""

    en: str
    fr: str
    it: str
    slots: dict[str, Any] = field(default_factory=dict)


def template(en: str, fr: str, it: str, **slots: Any) -> Template:
    """A template and the nodes for its slots."""
    return Template(en, fr, it, slots)


I = Person(1)
YOU = Person(2)
HE = Person(3)
SHE = Person(3, gender="f")
WE = Person(1, plural=True)
THEY = Person(3, plural=True)
IT = Person(3, gender="n")
