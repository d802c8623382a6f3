"""The kinds of sentence, each a function from `Choices` to a tree, and how often each is drawn."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from groundup.data.phrasebook import clock, numerals
from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook import phrases as ph
from groundup.data.phrasebook.choices import IT, PEOPLE, PERSONS, POSSESSIVES, Choices
from groundup.data.phrasebook.meaning import (
    HE,
    SHE,
    THEY,
    WE,
    YOU,
    Clause,
    Fixed,
    Gap,
    I,
    Name,
    Person,
    Quantity,
    Said,
    Template,
    Thing,
    template,
)

THINGS = "thing clothing furniture vehicle text device openable".split()
EDIBLE = "food dish drink".split()


def stated(clause: Any) -> Template:
    """A sentence with a full stop."""
    return template("{c}.", "{c}.", "{c}.", c=clause)


def asked(clause: Any) -> Template:
    """A sentence with a question mark."""
    return template("{c}?", "{c}?", "{c}?", c=clause)


# Actions


def act(c: Choices) -> Template:
    """Marie didn't buy the red car yesterday."""
    return stated(c.timed(c.action()))


def alone(c: Choices) -> Template:
    """We got up at six o'clock. My brother works in Rome."""
    clause = c.timed(c.alone(c.subject()))
    if clause.tail or clause.polarity in ("no longer", "not yet") or c.chance(0.5):
        return stated(clause)
    return stated(clause.but(tail=(c.when(clause.tense),))) if c.chance(0.5) else stated(clause)


def hand(c: Choices) -> Template:
    """I didn't give it to her yesterday."""
    return stated(c.timed(c.handing(c.subject())))


def own(c: Choices) -> Template:
    """She doesn't need this car any more."""
    verb, subject = c.one(lex.VERBS["state"]), c.subject()
    return stated(c.timed(Clause(subject, verb, c.object(verb, subject, pronoun=0.1))))


def through(c: Choices) -> Clause:
    """A verb through another: I want to see it, they can't come."""
    frame = c.one(("wish", "wish", "auxiliary", "modal"))
    verb = c.one([v for v in lex.VERBS[frame] if v.en.rest != "able to"])
    clause = c.action(c.subject()).but(through=verb)
    if frame == "modal" or not c.chance(0.08):
        return c.timed(clause)
    return clause.but(through=lex.verb("be able to", "modal"), tense="future")


def wish(c: Choices) -> Template:
    return stated(through(c))


def nobody(c: Choices) -> Template:
    """I didn't see anyone. Nobody came. Everyone is tired."""
    if c.chance(0.45):
        nothing = c.chance(0.5)
        subject, frame = c.subject(), "act"
        names = "see hear find buy eat forget understand do" if nothing else "see invite meet hear help know"
        verb = lex.verb(c.one([n for n in names.split() if n != "do"]), frame)
        tense = "present" if verb.en.base == "know" else c.one(("present", "past", "future"))
        clause = Clause(subject, verb, tense=tense, polarity="nothing" if nothing else "nobody")
        return stated(clause.but(tail=(c.when(tense),)) if tense != "present" and c.chance(0.4) else clause)
    subject = Quantity(c.one(("everyone", "someone", "nobody")))
    if c.chance(0.3) and subject.which != "someone":
        state = c.one([a for a in lex.ADJECTIVES["state"] if "person" in a.suits])
        return stated(Clause(subject, lex.BE, said=Said(state), tense=c.one(("present", "past", "future"))))
    clause = c.action(subject)
    tense = c.one(("past", "past", "future", "present"))
    return stated(clause.but(tense=tense, tail=(c.when(tense),)))


# Questions and commands


def yes_no(c: Choices) -> Template:
    """Did you see the film yesterday?"""
    clause = c.timed(c.action(c.subject()), negation=0.0)
    if clause.tense in ("used", "just") or clause.polarity != "yes":
        clause = clause.but(tense="present", polarity="yes")
    return asked(clause.but(ask="yes/no"))


def can_i(c: Choices) -> Template:
    """Can you help me? Do you want to come?"""
    frame, name = c.one((("modal", "can"), ("modal", "must"), ("wish", "want to"), ("wish", "know how to")))
    return asked(c.action(c.person()).but(through=lex.verb(name, frame), ask="yes/no"))


WHERE = Fixed("where", "où", "dove")
WHEN = Fixed("when", "quand", "quando")
WHY = Fixed("why", "pourquoi", "perché")
HOW = Fixed("how", "comment", "come")
WHAT = Fixed("what", "qu'est-ce que", "che cosa")
WHOM = Fixed("who", "qui", "chi")


def wh(c: Choices) -> Template:
    """Where did you buy it? Why is Marie crying?"""
    tense = c.one(("present", "past", "future", "near", "now"))
    person = c.chance(0.7)
    subject = c.person() if person else c.name() if c.chance(0.5) else c.somebody()
    clause = c.action(subject) if person else c.alone(subject)
    question = c.one((WHERE, WHEN, WHY))
    return asked(_unambiguous(replace(clause, tail=()), tense).but(ask=question))


def _unambiguous(clause: Clause, tense: str) -> Clause:
    return clause.but(tense=tense)


def what(c: Choices) -> Template:
    """What did you see yesterday? Who will they invite?"""
    tense = c.one(("present", "past", "future", "now"))
    subject = c.person() if c.chance(0.6) else c.name()
    if c.chance(0.65):
        names = "eat drink buy sell look_for read prepare draw write find choose learn order cook".split()[:-1]
        clause = Clause(subject, lex.verb(c.one(names).replace("_", " "), "act"), ask=WHAT)
    else:
        names = "see invite meet help wait_for call thank look_for follow".split()
        clause = Clause(c.person(), lex.verb(c.one(names).replace("_", " "), "act"), ask=WHOM)
    clause = clause.but(tense=tense)
    return asked(clause.but(tail=(c.when(tense),)) if c.chance(0.4) else clause)


def who(c: Choices) -> Template:
    """Who ate the cake?"""
    tense = c.one(("past", "past", "future", "now"))
    clause = c.action(Quantity("who")).but(tense=tense)
    word = clause.verb.en
    return asked(clause.but(tail=(c.when(tense),)) if word.base == word.past or c.chance(0.2) else clause)


def where_is(c: Choices) -> Template:
    """Where are my keys?"""
    thing = c.thing(c.one(lex.NOUNS[c.one((*THINGS, "building"))]), det=c.one(("the", *POSSESSIVES)))
    return asked(Clause(replace(thing, count=0), lex.BE, ask=WHERE))


def command(c: Choices) -> Template:
    """Give it to me! Don't open the window, please. Let's go out."""
    subject = YOU if c.chance(0.75) else WE
    clause = c.action(subject)
    clause = clause.but(tense="command", tail=(), polarity="not" if c.chance(0.3) else "yes")
    if clause.verb.en.base in ("have", "know", "fall", "faint", "get", "suffer", "lie", "die"):
        clause = clause.but(verb=lex.verb("stop", "alone"), object=None)
    if subject == YOU and c.chance(0.3):
        return template("{c}, please.", "{c}, s'il vous plaît.", "{c}, per favore.", c=clause)
    return template("{c}!", "{c}!", "{c}!", c=clause) if c.chance(0.4) else stated(clause)


# Being


def _state(c: Choices, kind: str) -> Any:
    """An adjective for somebody of this kind, very or too or plain."""
    fitting = [a for section in ("quality", "state") for a in lex.ADJECTIVES[section] if kind in a.suits]
    adjective = c.one(fitting)
    return Said(adjective, c.one(("", "", "very", "too")) if " " not in adjective.it.ms else "")


def being(c: Choices) -> Template:
    """She was very tired yesterday. I am not ready."""
    subject = c.subject()
    tense = c.one(("present", "present", "past", "future"))
    polarity = c.one(("yes", "yes", "not", "no longer" if tense == "present" else "not"))
    clause = Clause(subject, lex.BE, said=_state(c, "person"), tense=tense, polarity=polarity)
    return stated(clause.but(tail=(c.when(tense),)) if tense != "present" and c.chance(0.3) else clause)


def asked_being(c: Choices) -> Template:
    """Are you tired? Was he angry?"""
    subject = c.person() if c.chance(0.7) else c.name()
    return asked(Clause(subject, lex.BE, said=_state(c, "person"), tense=c.one(("present", "past")), ask="yes/no"))


def quality(c: Choices) -> Template:
    """These shoes are too small."""
    noun = c.one(ALL_NOUNS)
    det = c.one(("the", "this", "that", *POSSESSIVES))
    thing = c.thing(noun, det=det, adjectives=0.1)
    fitting = [*lex.suiting(noun), *lex.suiting(noun, "state")]
    adjective = c.one([a for a in fitting if a not in thing.adjectives])
    degree = c.one(("", "", "very", "too")) if " " not in adjective.it.ms + adjective.fr.ms else ""
    tense = c.one(("present", "present", "past", "future"))
    clause = Clause(thing, lex.BE, said=Said(adjective, degree), tense=tense, polarity=c.one(("yes", "yes", "not")))
    return stated(clause)


def compared(c: Choices) -> Template:
    """My house is bigger than the church. You are not as tall as me."""
    degree = c.one(("more", "more", "less", "as"))
    if c.chance(0.5):
        subject = c.subject()
        than = c.other(subject)
        fitting = [a for a in lex.ADJECTIVES["quality"] if "person" in a.suits and a.en[1] and a.en[0] not in NATIONS]
    else:
        first = c.one(ALL_NOUNS)
        second = c.one(lex.NOUNS[first.kind])
        subject, than = (c.thing(n, adjectives=0.0, det=c.one(("the", "this", "my", "your"))) for n in (first, second))
        fitting = [a for a in lex.suiting(first) if a in lex.suiting(second) and a.en[0] not in NATIONS]
    if not fitting or subject == than:
        return quality(c)
    return stated(Clause(subject, lex.BE, said=Said(c.one(fitting), degree, than)))


def profession(c: Choices) -> Template:
    """Paul is a doctor. She wants to become a nurse."""
    noun = c.one(lex.NOUNS["job"])
    if noun.it.gender != noun.fr.gender:
        return being(c)
    gender = noun.fr.gender
    name = Name(c.one(ph.MEN if gender == "m" else ph.WOMEN), gender)
    subject = c.one((name, HE if gender == "m" else SHE))
    if c.chance(0.4):
        return stated(
            template(
                "{s} to become {n}", "{s} devenir {f}", "{s} diventare {n}",
                s=Clause(subject, lex.verb("want to", "wish")), n=Thing(noun, det="a"), f=Thing(noun, det="bare"),
            )
        )  # fmt: skip
    owner = c.one(POSSESSIVES)
    if c.chance(0.4):
        relative = c.one([n for n in lex.NOUNS["family"] if n.fr.gender == gender])
        subject = Thing(relative, det=owner)
    verb = Clause(subject, lex.BE, tense=c.one(("present", "present", "past")), polarity=c.one(("yes", "yes", "not")))
    return stated(template("{s} {n}", "{s} {f}", "{s} {n}", s=verb, n=Thing(noun, det="a"), f=Thing(noun, det="bare")))


NATIONS = frozenset("French English Italian Spanish German American Russian Japanese Chinese".split())
ALL_NOUNS = [n for kind in lex.NOUNS.values() for n in kind if lex.suiting(n)]
SENTENCES: list[tuple[int, Callable[[Choices], Any]]] = []
_ = (I, Gap, Person, numerals, clock, PERSONS, PEOPLE, IT, THEY, EDIBLE, Template)
