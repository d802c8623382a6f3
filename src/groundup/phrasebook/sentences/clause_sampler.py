"""Random clauses with tense, polarity and time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from groundup.phrasebook import lexicon as lex
from groundup.phrasebook import phrases as ph
from groundup.phrasebook.grammar.language import gender_number
from groundup.phrasebook.grammar.tree import (
    IT,
    THEY,
    Clause,
    NounPhrase,
    Phrase,
    Template,
    Verb,
    template,
)
from groundup.phrasebook.sentences.sampler import Sampler

WHEN_TENSES = ("present", "past", "future", "now")
ALREADY = Phrase("already", "déjà", "già")
MOMENTARY = frozenset(
    "see hear understand forget respect admire refuse accept".split()
)  # no progressive: not "is hearing"
MANNERED = frozenset("work walk run swim dance sing travel eat read write drive draw cook study ski".split())


def full_stop(clause: Any) -> Template:
    """The clause as a sentence that ends with a full stop."""
    return template("{c}.", "{c}.", "{c}.", c=clause)


def question_mark(clause: Any) -> Template:
    """The clause as a sentence that ends with a question mark."""
    return template("{c}?", "{c}?", "{c}?", c=clause)


class ClauseSampler(Sampler):
    """Draws clauses, and gives them tense, polarity and time."""

    def with_tense(self, clause: Clause, *, negation: float = 0.3, time: float = 0.7) -> Clause:
        """Give a clause a random tense, polarity, adverb and time. The object of a negated verb is mostly definite."""
        clause, thing = self._with_tense(clause, negation, time), clause.object
        if (
            clause.polarity != "yes"
            and isinstance(thing, NounPhrase)
            and thing.det in ("a", "count", "another", "the same", "all the")
        ):
            feeling = clause.verb.en.base in ("love", "hate", "know")
            if clause.governing is not None or feeling or self.chance(0.7):
                return clause.replace(object=replace(thing, det="the", count=0))
        return clause

    def _with_tense(self, clause: Clause, negation: float, time: float) -> Clause:
        frame = (clause.governing or clause.verb).frame
        draw = self.rng.random()
        if frame in ("modal", "conditional"):
            return clause.replace(polarity=self._polarity(("not",), negation))
        if frame in ("stative", "infinitive-stative", "infinitive"):
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
            return clause.replace(tense="used")
        tense = "future" if draw < 0.91 else "near"
        return self._at(clause, tense, self._polarity(("not",), negation), time)

    def _polarity(self, kinds: Sequence[str], negation: float) -> str:
        return self.pick(kinds) if self.chance(negation) else "yes"

    def _at(self, clause: Clause, tense: str, polarity: str, time: float) -> Clause:
        adjuncts = (*clause.adjuncts, self.time(tense)) if self.chance(time) else clause.adjuncts
        return clause.replace(tense=tense, polarity=polarity, adjuncts=adjuncts)

    def _habit(self, clause: Clause, negation: float, time: float) -> Clause:
        polarity = self._polarity(("not", "never", "no longer"), negation)
        if polarity == "yes" and self.chance(0.25):
            return clause.replace(adverb=self.pick(ph.OFTEN))
        return self._at(clause, "present", polarity, time if polarity in ("yes", "not") else 0.0)

    def _past(self, clause: Clause, negation: float, time: float) -> Clause:
        word = clause.verb.en  # "I read the book" could be today: a time makes it past
        return self._at(clause, "past", self._polarity(("not",), negation), 1.0 if word.base == word.past else time)

    def _perfect(self, clause: Clause) -> Clause:
        draw = self.rng.random()
        if draw < 0.35:
            return clause.replace(tense="perfect", adverb=ALREADY)
        if draw < 0.6:
            return clause.replace(tense="just")
        return clause.replace(tense="perfect", polarity="never" if draw < 0.8 else "not yet")

    def _lasting(self, clause: Clause, draw: float, negation: float) -> Clause:
        must = (
            clause.governing is not None and clause.governing.en.base == "have"
        )  # "il ne doit pas" means something else
        polarity = "yes" if must else self._polarity(("not", "no longer"), negation)
        if draw < 0.6:
            return clause.replace(polarity=polarity)
        lasts = clause.governing is not None and clause.governing.en.base not in ("want", "have")  # no "will love to"
        tense = "past" if draw < 0.8 or lasts else "future"
        return self._at(clause, tense, "yes" if polarity == "no longer" else polarity, 0.0 if tense == "past" else 0.3)

    def with_time(self, clause: Clause, often: float = 0.6) -> Clause:
        """Add a time to a past or future state, this often."""
        times = {"past": ph.PAST, "future": ph.FUTURE}.get(clause.tense)
        return clause.replace(adjuncts=(*clause.adjuncts, self.pick(times))) if times and self.chance(often) else clause

    def allowed_tense(self, verb: Verb, tense: str) -> str:
        """The tense, or the simple tense for a verb that has no progressive."""
        return {"now": "present", "was": "past"}.get(tense, tense) if verb.en.base in MOMENTARY else tense

    def action(self, subject: Any = None, *, it: bool = True) -> Clause:
        """A clause without a time. `it` allows "it" and "they" for things that the sentence does not name."""
        subject = self.subject() if subject is None else subject
        draw = self.rng.random()
        if draw < 0.25:
            return self.intransitive(subject)
        if draw < 0.8:
            verb = self.pick_common(lex.VERBS["transitive"])
            return Clause(subject, verb, self.object(verb, subject, it=it))
        if draw < 0.88:
            verb = self.pick_common(lex.VERBS["dative"])
            return Clause(subject, verb, self.object(verb, subject, it=it))
        return self.ditransitive(subject, it=it)

    def intransitive(self, subject: Any) -> Clause:
        verb = self.pick_common(lex.VERBS["intransitive"])
        adjuncts = (self.pick(ph.MANNER),) if verb.en.base in MANNERED and self.chance(0.3) else ()
        return Clause(subject, verb, adjuncts=adjuncts)

    def ditransitive(self, subject: Any, *, pronoun: float = 0.4, it: bool = True) -> Clause:
        verb = self.pick_common(lex.VERBS["ditransitive"] if self.chance(0.7) else lex.VERBS["ditransitive-to"])
        thing = self.noun_phrase(self.pick(verb.objects))
        if it and self.chance(pronoun):
            thing = THEY if gender_number(thing.noun.en, thing.plural)[1] else IT
        return Clause(subject, verb, thing, self.other_person(subject, they=it))
