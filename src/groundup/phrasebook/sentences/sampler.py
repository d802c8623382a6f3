"""Random noun phrases and times that make sense. Every draw comes from one `random.Random`."""

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from groundup.phrasebook import lexicon as lex
from groundup.phrasebook import phrases as ph
from groundup.phrasebook.grammar import dates, numerals
from groundup.phrasebook.grammar.tree import (
    HE,
    IT,
    SHE,
    THEY,
    WE,
    YOU,
    I,
    Name,
    Noun,
    NounPhrase,
    Phrase,
    Pronoun,
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


class Sampler:
    """Draws pronouns, noun phrases and times."""

    def __init__(self, rng: Random):
        self.rng = rng

    def pick(self, items: Sequence[Item]) -> Item:
        """Pick one of the items with equal probability."""
        return items[int(self.rng.random() * len(items))]

    def pick_common(self, items: Sequence[Item]) -> Item:
        """Pick one of the items, the first ones more often (probability ~ 1 / sqrt(rank)): they are common words."""
        return items[int(self.rng.random() ** 2 * len(items))]

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def up_to(self, top: int, start: int = 0) -> int:
        """A random number from `start` to `top`, both included."""
        return start + int(self.rng.random() * (top - start + 1))

    def pronoun(self) -> Pronoun:
        return self.pick(PERSONS)

    def name(self) -> Name:
        gender = self.pick("mf")
        return Name(self.pick(ph.MEN if gender == "m" else ph.WOMEN), gender)

    def person_noun(self) -> NounPhrase:
        """A person as a noun phrase: the doctor, my sister, two tourists."""
        noun = self.pick(lex.NOUNS[self.pick(PEOPLE)])
        mine = "our" if noun.kind == "job" else "the"
        return self.noun_phrase(noun, adjectives=0.25, det=self.pick(("the", "the", "the", "this", "that", mine)))

    def subject(self) -> Any:
        """A subject that can act: a pronoun, a name or a person."""
        draw = self.rng.random()
        return self.pronoun() if draw < 0.42 else self.name() if draw < 0.6 else self.person_noun()

    def other_person(self, subject: Any, *, they: bool = True) -> Any:
        """An object that is not the subject: a pronoun, a name or a person."""
        draw = self.rng.random()
        if draw < 0.6:
            own = subject.person if isinstance(subject, Pronoun) else 3
            return self.pick([p for p in PERSONS if (p.person != own or own == 3) and (they or p is not THEY)])
        name = self.name()
        return name if draw < 0.75 and name != subject else self.person_noun()

    def noun_phrase(
        self, noun: Noun, *, adjectives: float = 0.33, det: str | None = None, plural: bool | None = None
    ) -> NounPhrase:
        """A noun phrase around a noun: determiner, number, perhaps an adjective."""
        only = noun.en.only
        if noun.kind == "family":
            adjectives, det = 0.0, self.pick(SPOUSES.get(noun.en.singular, POSSESSIVES))
        if noun.kind in ("tongue", "sport"):
            return NounPhrase(noun, det="generic")
        if det is None or (det == "count" and only):
            det = self._determiner(noun)
        if plural is None:
            plural = self.chance(0.2) and noun.en.singular not in ("mother", "father", "husband", "wife")
        if det in ("another", "the same", "all the", "count"):
            plural = det in ("all the", "count")
        plural, count = plural and only is None, self.up_to(20, 2) if det == "count" else 0
        suits = [*lex.adjectives_for(noun), *lex.adjectives_for(noun, "attribute")]
        adjective = (self.pick(suits),) if suits and self.chance(adjectives) else ()
        return NounPhrase(noun, plural, det, adjective, count)

    def _determiner(self, noun: Noun) -> str:
        draw = self.rng.random()
        if draw < 0.4:
            return "the"
        if draw < 0.65:
            return "some" if noun.en.only else "a"
        if draw < 0.85 and noun.kind != "person":
            return self.pick(POSSESSIVES)
        if draw < 0.92:
            return self.pick(("this", "that"))
        return "the" if noun.en.only else self.pick(("count", "count", "another", "the same", "all the"))

    def object(self, verb: Verb, subject: Any, *, pronoun: float = 0.25, it: bool = True) -> Any:
        """An object for the verb: a noun phrase or, with probability `pronoun`, a pronoun."""
        noun = self.pick(verb.objects)
        if self.chance(0.04) and noun.kind in THINGS:
            return NounPhrase(noun, owner=self.name())
        bare = verb.fr.preposition == "de" or verb.it.reflexive or verb.en.base == "have"  # takes no pronoun here
        if bare or not self.chance(pronoun):
            return (
                self.other_person(subject, they=it)
                if noun.kind in PEOPLE and self.chance(0.2)
                else self.noun_phrase(noun)
            )
        if noun.kind in PEOPLE:
            other = self.other_person(subject, they=it)
            return other if isinstance(other, Pronoun) else self.noun_phrase(noun)
        if not it:
            return self.noun_phrase(noun)
        return IT if self.chance(0.7) else THEY

    def ago(self) -> Phrase:
        """two days ago: il y a deux jours, due giorni fa."""
        n, (unit, french, italian) = self.up_to(12, 2), self.pick(UNITS)
        return _counted("{n} {unit} ago", "il y a {n} {unit}", "{n} {unit} fa", n, unit, french, italian)

    def ahead(self) -> Phrase:
        """in two days: dans deux jours, fra due giorni."""
        n, (unit, french, italian) = self.up_to(12, 2), self.pick(UNITS[:4])
        return _counted("in {n} {unit}", "dans {n} {unit}", "fra {n} {unit}", n, unit, french, italian)

    def duration(self) -> Phrase:
        """for two years: depuis deux ans, da due anni."""
        n, (unit, french, italian) = self.up_to(20, 2), self.pick(UNITS)
        return _counted("for {n} {unit}", "depuis {n} {unit}", "da {n} {unit}", n, unit, french, italian)

    def clock_time(self) -> Phrase:
        return dates.time(self.up_to(13, 1), self.pick((0, 0, 0, *dates.MINUTES)))

    def date(self) -> Phrase:
        month = self.up_to(11)
        return dates.on_date(self.up_to(dates.DAYS[month], 1), month)

    def time(self, tense: str) -> Any:
        """A random time that suits the tense."""
        draw = self.rng.random()
        if draw < 0.12:
            return dates.on_days(self.up_to(6)) if tense == "present" else dates.on_day(self.up_to(6))
        if draw < 0.2:
            return dates.at(self.clock_time())
        if tense == "present":
            return self.pick(ph.HABIT)
        if tense == "now":
            return self.pick(ph.NOW)
        if draw < 0.3:
            return self.date()
        if tense in ("past", "was"):
            return self.ago() if draw < 0.45 and tense == "past" else self.pick(ph.PAST)
        return self.ahead() if draw < 0.45 else self.pick(ph.FUTURE)


def _counted(en: str, fr: str, it: str, n: int, unit: str, french: tuple[str, bool], italian: str) -> Any:
    return Phrase(
        en.format(n=numerals.english(n), unit=unit),
        fr.format(n=numerals.french(n, french[1]), unit=french[0]),
        it.format(n=numerals.italian(n), unit=italian),
    )
