"""Random choices that make sense: who, what, when. Every draw comes from one `random.Random`."""

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from groundup.data.phrasebook import clock
from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook import phrases as ph
from groundup.data.phrasebook.meaning import (
    HE,
    SHE,
    THEY,
    WE,
    YOU,
    Clause,
    Fixed,
    I,
    Name,
    Noun,
    Person,
    Thing,
    Verb,
    template,
)

Item = TypeVar("Item")
PERSONS = (I, YOU, HE, SHE, WE, THEY)
POSSESSIVES = ("my", "your", "his", "her", "our", "their")
PEOPLE = ("person", "family", "job")
IT = Person(3, gender="n")


class Choices:
    """A source of subjects, objects and circumstances."""

    def __init__(self, rng: Random):
        self.rng = rng

    def one(self, items: Sequence[Item]) -> Item:
        """One of the items, all equally likely."""
        return items[int(self.rng.random() * len(items))]

    def chance(self, probability: float) -> bool:
        """True this often."""
        return self.rng.random() < probability

    def up_to(self, top: int, start: int = 0) -> int:
        """A number from start up to and with top."""
        return start + int(self.rng.random() * (top - start + 1))

    # Who

    def person(self) -> Person:
        return self.one(PERSONS)

    def name(self) -> Name:
        gender = self.one("mf")
        return Name(self.one(ph.MEN if gender == "m" else ph.WOMEN), gender)

    def somebody(self) -> Thing:
        """A person as a noun phrase: the doctor, my sister, two tourists."""
        return self.thing(self.one(lex.NOUNS[self.one(PEOPLE)]), adjectives=0.1)

    def subject(self) -> Any:
        """Whoever can act: mostly pronouns, names and people."""
        draw = self.rng.random()
        return self.person() if draw < 0.6 else self.name() if draw < 0.75 else self.somebody()

    def other(self, subject: Any) -> Any:
        """Somebody else than the subject, as an object: a pronoun, a name or a person."""
        draw = self.rng.random()
        if draw < 0.6:
            own = subject.person if isinstance(subject, Person) else 3
            return self.one([p for p in PERSONS if p.person != own or own == 3])
        return self.name() if draw < 0.75 else self.somebody()

    # What

    def thing(self, noun: Noun, *, adjectives: float = 0.2, det: str | None = None, plural: bool | None = None) -> Thing:
        """A noun phrase around a noun: determiner, number, perhaps an adjective."""
        only = noun.en.only
        if noun.kind == "family":
            adjectives, det = 0.0, det if det in ("count", "which") else self.one(POSSESSIVES)
        if det is None:
            det = self._determiner(noun)
        if plural is None:
            plural = only == "pl" or (only is None and noun.kind != "family" and self.chance(0.2))
        if noun.kind == "family" and noun.en.singular not in ("mother", "father", "husband", "wife") and self.chance(0.2):
            plural = True
        if only == "sg" or (noun.kind == "family" and det == "some"):
            plural = False
        if det == "another":
            plural = False
        count = 0
        if det == "count":
            plural, count = True, self.up_to(20, 2)
        suits = lex.suiting(noun)
        chosen = (self.one(suits),) if suits and self.chance(adjectives) else ()
        return Thing(noun, plural, det, chosen, count)

    def _determiner(self, noun: Noun) -> str:
        draw = self.rng.random()
        if draw < 0.4:
            return "the"
        if draw < 0.65:
            return "some" if noun.en.only else "a"
        if draw < 0.85:
            return self.one(POSSESSIVES)
        if draw < 0.94:
            return self.one(("this", "that"))
        return "the" if noun.en.only else "count"

    def object(self, verb: Verb, subject: Any, *, pronoun: float = 0.25) -> Any:
        """What the verb takes: a noun phrase or, this often, a pronoun for it."""
        noun = self.one(verb.takes)
        if not self.chance(pronoun) or verb.fr.preposition == "de" or verb.it.reflexive or verb.en.base == "have":
            return self.other(subject) if noun.kind in PEOPLE and self.chance(0.2) else self.thing(noun)
        if noun.kind in PEOPLE:
            other = self.other(subject)
            return other if isinstance(other, Person) else self.thing(noun)
        return IT if self.chance(0.7) else THEY

    # When

    def ago(self) -> Fixed:
        """two days ago: il y a deux jours, due giorni fa."""
        n, (unit, french, italian) = self.up_to(12, 2), self.one(UNITS)
        return _counted("{n} {unit} ago", "il y a {n} {unit}", "{n} {unit} fa", n, unit, french, italian)

    def ahead(self) -> Fixed:
        """in two days: dans deux jours, fra due giorni."""
        n, (unit, french, italian) = self.up_to(12, 2), self.one(UNITS)
        return _counted("in {n} {unit}", "dans {n} {unit}", "fra {n} {unit}", n, unit, french, italian)

    def duration(self) -> Fixed:
        """for two years: depuis deux ans, da due anni."""
        n, (unit, french, italian) = self.up_to(20, 2), self.one(UNITS)
        return _counted("for {n} {unit}", "depuis {n} {unit}", "da {n} {unit}", n, unit, french, italian)

    def hour(self) -> Fixed:
        return clock.time(self.up_to(13, 1), self.one((0, 0, 0, *clock.MINUTES)))

    def date(self) -> Fixed:
        return clock.on_date(self.up_to(31, 1) if self.chance(0.9) else 1, self.up_to(11))

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

    # A whole clause

    def timed(self, clause: Clause, *, negation: float = 0.3, time: float = 0.35) -> Clause:
        """Give a clause its tense, polarity, adverb and time."""
        frame = (clause.through or clause.verb).frame
        draw = self.rng.random()
        if frame == "modal":
            return clause.but(polarity=self._polarity(("not",), negation))
        if frame in ("state", "wish", "auxiliary"):
            return self._lasting(clause, draw, negation)
        if draw < 0.18:
            return self._habit(clause, negation, time)
        if draw < 0.30:
            return self._at(clause, "now", self._polarity(("not",), negation / 2), time)
        if draw < 0.56:
            return self._past(clause, negation, time)
        if draw < 0.68:
            return self._perfect(clause)
        if draw < 0.74:
            return self._at(clause, "was", "yes", 0.0)
        if draw < 0.79:
            return clause.but(tense="used")
        tense = "future" if draw < 0.91 else "near"
        return self._at(clause, tense, self._polarity(("not",), negation), time)

    def _polarity(self, kinds: Sequence[str], negation: float) -> str:
        return self.one(kinds) if self.chance(negation) else "yes"

    def _at(self, clause: Clause, tense: str, polarity: str, time: float) -> Clause:
        tail = (*clause.tail, self.when(tense)) if self.chance(time) else clause.tail
        return clause.but(tense=tense, polarity=polarity, tail=tail)

    def _habit(self, clause: Clause, negation: float, time: float) -> Clause:
        polarity = self._polarity(("not", "never", "no longer"), negation)
        if polarity == "yes" and self.chance(0.25):
            return clause.but(adverb=self.one(ph.OFTEN))
        return self._at(clause, "present", polarity, time if polarity in ("yes", "not") else 0.0)

    def _past(self, clause: Clause, negation: float, time: float) -> Clause:
        word = clause.verb.en  # "I read the book" could be today: then the time has to be said
        return self._at(clause, "past", self._polarity(("not",), negation), 1.0 if word.base == word.past else time)

    def _perfect(self, clause: Clause) -> Clause:
        draw = self.rng.random()
        if draw < 0.35:
            return clause.but(tense="perfect", adverb=ALREADY)
        if draw < 0.6:
            return clause.but(tense="just")
        return clause.but(tense="perfect", polarity="never" if draw < 0.8 else "not yet")

    def _lasting(self, clause: Clause, draw: float, negation: float) -> Clause:
        must = clause.through is not None and clause.through.en.base == "have"  # il ne doit pas is another thing
        polarity = "yes" if must else self._polarity(("not", "no longer"), negation)
        if draw < 0.6:
            return clause.but(polarity=polarity)
        tense = "past" if draw < 0.8 else "future"
        return self._at(clause, tense, "yes" if polarity == "no longer" else polarity, 0.0 if tense == "past" else 0.3)

    def action(self, subject: Any = None) -> Clause:
        """Somebody does something: one of the frames, without a time."""
        subject = self.subject() if subject is None else subject
        draw = self.rng.random()
        if draw < 0.25:
            return self.alone(subject)
        if draw < 0.8:
            verb = self.one(lex.VERBS["act"])
            return Clause(subject, verb, self.object(verb, subject))
        if draw < 0.88:
            verb = self.one(lex.VERBS["toward"])
            return Clause(subject, verb, self.object(verb, subject))
        return self.handing(subject)

    def alone(self, subject: Any) -> Clause:
        verb = self.one(lex.VERBS["alone"])
        tail = (self.one(ph.MANNER),) if verb.en.base in MANNERED and self.chance(0.3) else ()
        return Clause(subject, verb, tail=tail)

    def handing(self, subject: Any, *, pronoun: float = 0.4) -> Clause:
        verb = self.one(lex.VERBS["hand"] if self.chance(0.7) else lex.VERBS["tell"])
        thing = self.thing(self.one(verb.takes))
        if self.chance(pronoun):
            thing = THEY if thing.plural else IT
        return Clause(subject, verb, thing, self.other(subject))


ALREADY = Fixed("already", "déjà", "già")
UNITS = (
    ("minutes", ("minutes", True), "minuti"),
    ("hours", ("heures", True), "ore"),
    ("days", ("jours", False), "giorni"),
    ("weeks", ("semaines", True), "settimane"),
    ("months", ("mois", False), "mesi"),
    ("years", ("ans", False), "anni"),
)
MANNERED = frozenset("work walk run swim dance sing travel eat read write drive draw cook study ski".split())


def _counted(en: str, fr: str, it: str, n: int, unit: str, french: tuple[str, bool], italian: str) -> Any:
    from groundup.data.phrasebook import numerals

    return Fixed(
        en.format(n=numerals.english(n), unit=unit),
        fr.format(n=numerals.french(n, french[1]), unit=french[0]),
        it.format(n=numerals.italian(n), unit=italian),
    )


__all__ = ["HE", "SHE", "WE", "Choices", "template"]
