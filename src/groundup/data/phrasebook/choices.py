"""Random clauses: somebody does something at some time, or does not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook import phrases as ph
from groundup.data.phrasebook.draw import Draw
from groundup.data.phrasebook.meaning import (
    IT,
    THEY,
    Clause,
    Fixed,
    Template,
    Thing,
    Verb,
    template,
)
from groundup.data.phrasebook.speaker import numbers

WHEN_TENSES = ("present", "past", "future", "now")
ALREADY = Fixed("already", "déjà", "già")
MOMENTARY = frozenset("see hear understand forget respect admire refuse accept".split())  # nobody is hearing
MANNERED = frozenset("work walk run swim dance sing travel eat read write drive draw cook study ski".split())


def stated(clause: Any) -> Template:
    """A sentence with a full stop."""
    return template("{c}.", "{c}.", "{c}.", c=clause)


def asked(clause: Any) -> Template:
    """A sentence with a question mark."""
    return template("{c}?", "{c}?", "{c}?", c=clause)


class Choices(Draw):
    """A source of actions with their tense, polarity and time."""

    def timed(self, clause: Clause, *, negation: float = 0.3, time: float = 0.7) -> Clause:
        """Give a clause its tense, polarity, adverb and time; what is denied is mostly something definite."""
        clause, thing = self._timed(clause, negation, time), clause.object
        if (
            clause.polarity != "yes"
            and isinstance(thing, Thing)
            and thing.det in ("a", "count", "another", "the same", "all the")
        ):
            feeling = clause.verb.en.base in ("love", "hate", "know")
            if clause.through is not None or feeling or self.chance(0.7):
                return clause.but(object=replace(thing, det="the", count=0))
        return clause

    def _timed(self, clause: Clause, negation: float, time: float) -> Clause:
        frame = (clause.through or clause.verb).frame
        draw = self.rng.random()
        if frame in ("modal", "would"):
            return clause.but(polarity=self._polarity(("not",), negation))
        if frame in ("state", "wish", "auxiliary"):
            return self._lasting(clause, draw, negation)
        if (0.18 <= draw < 0.3 and clause.verb.en.base in MOMENTARY) or draw < 0.18:
            return self._habit(clause, negation, time)
        if draw < 0.30:
            return self._at(clause, "now", self._polarity(("not",), negation / 2), time)
        if draw < 0.56:
            return self._past(clause, negation, time)
        if draw < 0.68:
            return self._perfect(clause)
        if draw < 0.74 and clause.verb.en.base not in MOMENTARY:
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
        lasts = clause.through is not None and clause.through.en.base not in ("want", "have")  # no "will love to"
        tense = "past" if draw < 0.8 or lasts else "future"
        return self._at(clause, tense, "yes" if polarity == "no longer" else polarity, 0.0 if tense == "past" else 0.3)

    def dated(self, clause: Clause, often: float = 0.6) -> Clause:
        """A state in the past or the future is mostly given a time."""
        times = {"past": ph.PAST, "future": ph.FUTURE}.get(clause.tense)
        return clause.but(tail=(*clause.tail, self.one(times))) if times and self.chance(often) else clause

    def live(self, verb: Verb, tense: str) -> str:
        """The tense, or a plain one for a verb that has no progressive."""
        return {"now": "present", "was": "past"}.get(tense, tense) if verb.en.base in MOMENTARY else tense

    def action(self, subject: Any = None, *, it: bool = True) -> Clause:
        """Somebody does something, without a time; `it` allows it, they, them that stand for something unsaid."""
        subject = self.subject() if subject is None else subject
        draw = self.rng.random()
        if draw < 0.25:
            return self.alone(subject)
        if draw < 0.8:
            verb = self.common(lex.VERBS["act"])
            return Clause(subject, verb, self.object(verb, subject, it=it))
        if draw < 0.88:
            verb = self.common(lex.VERBS["toward"])
            return Clause(subject, verb, self.object(verb, subject, it=it))
        return self.handing(subject, it=it)

    def alone(self, subject: Any) -> Clause:
        verb = self.common(lex.VERBS["alone"])
        tail = (self.one(ph.MANNER),) if verb.en.base in MANNERED and self.chance(0.3) else ()
        return Clause(subject, verb, tail=tail)

    def handing(self, subject: Any, *, pronoun: float = 0.4, it: bool = True) -> Clause:
        verb = self.common(lex.VERBS["hand"] if self.chance(0.7) else lex.VERBS["tell"])
        thing = self.thing(self.one(verb.takes))
        if it and self.chance(pronoun):
            thing = THEY if numbers(thing.noun.en, thing.plural)[1] else IT
        return Clause(subject, verb, thing, self.other(subject, they=it))
