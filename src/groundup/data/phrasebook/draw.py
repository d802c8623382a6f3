"""Random draws that make sense: who, what and when. Every draw comes from one `random.Random`."""

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from groundup.data.phrasebook import clock, numerals
from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook import phrases as ph
from groundup.data.phrasebook.meaning import (
    HE,
    IT,
    SHE,
    THEY,
    WE,
    YOU,
    Fixed,
    I,
    Name,
    Noun,
    Person,
    Thing,
    Verb,
)

Item = TypeVar("Item")
THINGS = tuple("thing clothing furniture vehicle text device openable".split())
PERSONS = (I, YOU, HE, SHE, WE, THEY)
SPOUSES = {"husband": ("her",), "wife": ("my", "your", "his")}
POSSESSIVES = ("my", "your", "his", "her", "our", "their")
PEOPLE = ("person", "family", "job")
UNITS = (
    ("minutes", ("minutes", True), "minuti"),
    ("hours", ("heures", True), "ore"),
    ("days", ("jours", False), "giorni"),
    ("weeks", ("semaines", True), "settimane"),
    ("months", ("mois", False), "mesi"),
    ("years", ("ans", False), "anni"),
)


class Draw:
    """A source of persons, things and times."""

    def __init__(self, rng: Random):
        self.rng = rng

    def one(self, items: Sequence[Item]) -> Item:
        """One of the items, all equally likely."""
        return items[int(self.rng.random() * len(items))]

    def common(self, items: Sequence[Item]) -> Item:
        """One of the items, the first of the table more often (as 1 to 1/sqrt(rank)): words are not all as common."""
        return items[int(self.rng.random() ** 2 * len(items))]

    def chance(self, probability: float) -> bool:
        """True this often."""
        return self.rng.random() < probability

    def up_to(self, top: int, start: int = 0) -> int:
        """A number from start up to and with top."""
        return start + int(self.rng.random() * (top - start + 1))

    def person(self) -> Person:
        return self.one(PERSONS)

    def name(self) -> Name:
        gender = self.one("mf")
        return Name(self.one(ph.MEN if gender == "m" else ph.WOMEN), gender)

    def somebody(self) -> Thing:
        """A person as a noun phrase: the doctor, my sister, two tourists."""
        noun = self.one(lex.NOUNS[self.one(PEOPLE)])
        mine = "our" if noun.kind == "job" else "the"
        return self.thing(noun, adjectives=0.25, det=self.one(("the", "the", "the", "this", "that", mine)))

    def subject(self) -> Any:
        """Whoever can act: mostly pronouns, names and people."""
        draw = self.rng.random()
        return self.person() if draw < 0.42 else self.name() if draw < 0.6 else self.somebody()

    def other(self, subject: Any, *, they: bool = True) -> Any:
        """Somebody else than the subject, as an object: a pronoun, a name or a person."""
        draw = self.rng.random()
        if draw < 0.6:
            own = subject.person if isinstance(subject, Person) else 3
            return self.one([p for p in PERSONS if (p.person != own or own == 3) and (they or p is not THEY)])
        name = self.name()
        return name if draw < 0.75 and name != subject else self.somebody()

    def thing(
        self, noun: Noun, *, adjectives: float = 0.33, det: str | None = None, plural: bool | None = None
    ) -> Thing:
        """A noun phrase around a noun: determiner, number, perhaps an adjective."""
        only = noun.en.only
        if noun.kind == "family":
            adjectives, det = 0.0, self.one(SPOUSES.get(noun.en.singular, POSSESSIVES))
        if noun.kind in ("tongue", "sport"):
            return Thing(noun, det="generic")
        if det is None or (det == "count" and only):
            det = self._determiner(noun)
        if plural is None:
            plural = self.chance(0.2) and noun.en.singular not in ("mother", "father", "husband", "wife")
        if det in ("another", "the same", "all the", "count"):
            plural = det in ("all the", "count")
        plural, count = plural and only is None, self.up_to(20, 2) if det == "count" else 0
        suits = [*lex.suiting(noun), *lex.suiting(noun, "attribute")]
        chosen = (self.one(suits),) if suits and self.chance(adjectives) else ()
        return Thing(noun, plural, det, chosen, count)

    def _determiner(self, noun: Noun) -> str:
        draw = self.rng.random()
        if draw < 0.4:
            return "the"
        if draw < 0.65:
            return "some" if noun.en.only else "a"
        if draw < 0.85 and noun.kind != "person":
            return self.one(POSSESSIVES)
        if draw < 0.92:
            return self.one(("this", "that"))
        return "the" if noun.en.only else self.one(("count", "count", "another", "the same", "all the"))

    def object(self, verb: Verb, subject: Any, *, pronoun: float = 0.25, it: bool = True) -> Any:
        """What the verb takes: a noun phrase or, this often, a pronoun for it."""
        noun = self.one(verb.takes)
        if self.chance(0.04) and noun.kind in THINGS:
            return Thing(noun, owner=self.name())
        bare = verb.fr.preposition == "de" or verb.it.reflexive or verb.en.base == "have"  # takes no pronoun here
        if bare or not self.chance(pronoun):
            return self.other(subject, they=it) if noun.kind in PEOPLE and self.chance(0.2) else self.thing(noun)
        if noun.kind in PEOPLE:
            other = self.other(subject, they=it)
            return other if isinstance(other, Person) else self.thing(noun)
        if not it:
            return self.thing(noun)
        return IT if self.chance(0.7) else THEY

    def ago(self) -> Fixed:
        """two days ago: il y a deux jours, due giorni fa."""
        n, (unit, french, italian) = self.up_to(12, 2), self.one(UNITS)
        return _counted("{n} {unit} ago", "il y a {n} {unit}", "{n} {unit} fa", n, unit, french, italian)

    def ahead(self) -> Fixed:
        """in two days: dans deux jours, fra due giorni."""
        n, (unit, french, italian) = self.up_to(12, 2), self.one(UNITS[:4])
        return _counted("in {n} {unit}", "dans {n} {unit}", "fra {n} {unit}", n, unit, french, italian)

    def duration(self) -> Fixed:
        """for two years: depuis deux ans, da due anni."""
        n, (unit, french, italian) = self.up_to(20, 2), self.one(UNITS)
        return _counted("for {n} {unit}", "depuis {n} {unit}", "da {n} {unit}", n, unit, french, italian)

    def hour(self) -> Fixed:
        return clock.time(self.up_to(13, 1), self.one((0, 0, 0, *clock.MINUTES)))

    def date(self) -> Fixed:
        month = self.up_to(11)
        return clock.on_date(self.up_to(clock.DAYS[month], 1), month)

    def when(self, tense: str) -> Any:
        """A time that suits the tense."""
        draw = self.rng.random()
        if draw < 0.12:
            return clock.on_days(self.up_to(6)) if tense == "present" else clock.on_day(self.up_to(6))
        if draw < 0.2:
            return clock.at(self.hour())
        if tense == "present":
            return self.one(ph.HABIT)
        if tense == "now":
            return self.one(ph.NOW)
        if draw < 0.3:
            return self.date()
        if tense in ("past", "was"):
            return self.ago() if draw < 0.45 and tense == "past" else self.one(ph.PAST)
        return self.ahead() if draw < 0.45 else self.one(ph.FUTURE)


def _counted(en: str, fr: str, it: str, n: int, unit: str, french: tuple[str, bool], italian: str) -> Any:
    return Fixed(
        en.format(n=numerals.english(n), unit=unit),
        fr.format(n=numerals.french(n, french[1]), unit=french[0]),
        it.format(n=numerals.italian(n), unit=italian),
    )
