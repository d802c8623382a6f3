"""Sentences about what somebody or something is, feels and likes."""

from functools import cache
from typing import Any

from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook import phrases as ph
from groundup.data.phrasebook.choices import Choices, asked, stated
from groundup.data.phrasebook.draw import PERSONS, POSSESSIVES
from groundup.data.phrasebook.lexicon import own_verb
from groundup.data.phrasebook.meaning import (
    HE,
    SHE,
    Adjective,
    Clause,
    Name,
    Noun,
    Said,
    Template,
    Thing,
    template,
)
from groundup.data.phrasebook.speaker import numbers

NATIONS = frozenset("French English Italian Spanish German American Russian Japanese Chinese".split())
UNGRADED = frozenset(
    "late married alone ready sure cheap wooden perfect excellent magnificent terrible immense delicious open closed "
    "lost torn broken rotten impossible possible necessary true false public private foreign secret original brilliant "
    "useless square round historic political transparent full empty free busy".split()
)
IMPERSONAL = ("person", "nature", "dish", "drink", "building", "transport")  # not mine or yours
DESCRIBED = [n for kind in lex.NOUNS.values() for n in kind if lex.suiting(n)]
ALL = (*lex.ADJECTIVES["quality"], *lex.ADJECTIVES["state"])


FEELINGS = [own_verb(f"be {en} was {en} been {en}", f"avoir {fr}", f"avere {it}", "be") for en, fr, it in ph.FEELINGS]


def _said(c: Choices, kind: str) -> Said:
    """An adjective for somebody of this kind, very or too or plain."""
    sections = ("quality", "state", "state")
    adjective = c.one([a for a in lex.ADJECTIVES[c.one(sections)] if kind in a.suits])
    return Said(adjective, c.one(("", "", "very", "too")) if graded(adjective.en[0]) else "")


def graded(adjective: str) -> bool:
    """Whether one can be very or more so."""
    return adjective not in NATIONS and adjective not in UNGRADED


def being(c: Choices) -> Template:
    """She was very tired yesterday."""
    subject = c.subject()
    tense = c.one(("present", "present", "past", "future"))
    polarity = c.one(("yes", "yes", "not", "no longer" if tense == "present" else "not"))
    if c.chance(0.2):
        return stated(c.dated(Clause(subject, c.one(FEELINGS), tense=tense, polarity=polarity)))
    clause = Clause(subject, lex.BE, said=_said(c, "person"), tense=tense, polarity=polarity)
    return stated(c.dated(clause))


def asked_being(c: Choices) -> Template:
    """Are you hungry? Was he angry?"""
    subject = c.person() if c.chance(0.7) else c.name()
    tense = c.one(("present", "past"))
    if c.chance(0.3):
        return asked(c.dated(Clause(subject, c.one(FEELINGS), tense=tense, ask="yes/no")))
    return asked(c.dated(Clause(subject, lex.BE, said=_said(c, "person"), tense=tense, ask="yes/no")))


@cache
def _suited(adjective: Adjective) -> tuple[Noun, ...]:
    """The nouns that an adjective suits."""
    return tuple(n for kind in lex.NOUNS.values() for n in kind if adjective.suits & {n.kind, n.en.singular})


def quality(c: Choices) -> Template:
    """These shoes are too small."""
    adjective = c.one(ALL)
    noun = c.one(DESCRIBED) if c.chance(0.5) else c.one(_suited(adjective))
    det = c.one(("the", "this", "that", *(() if noun.kind in IMPERSONAL else POSSESSIVES)))
    thing = c.thing(noun, det=det, adjectives=0.3)
    fitting = [*lex.suiting(noun), *lex.suiting(noun, "state")]
    if adjective not in fitting or adjective in thing.adjectives:
        adjective = c.one([a for a in fitting if a not in thing.adjectives] or fitting)
    degree = c.one(("", "", "very", "too")) if graded(adjective.en[0]) else ""
    tense = c.one(("present", "present", "past"))
    polarity = c.one(("yes", "yes", "not"))
    return stated(c.dated(Clause(thing, lex.BE, said=Said(adjective, degree), tense=tense, polarity=polarity)))


def compared(c: Choices) -> Template:
    """My house is bigger than the church. Paul is as tall as me."""
    degree = c.one(("more", "more", "less", "as"))
    if c.chance(0.5):
        subject = c.subject()
        than, suits = c.other(subject), [a for a in ALL if "person" in a.suits]
    else:
        adjective = c.one(ALL)
        first = c.one(DESCRIBED) if c.chance(0.5) else c.one(_suited(adjective))
        second = c.one(lex.NOUNS[first.kind])
        dets = ("the", "this") if first.kind in IMPERSONAL else ("the", "this", "my", "your")
        subject, than = (c.thing(n, adjectives=0.0, det=c.one(dets)) for n in (first, second))
        suits = [a for a in lex.suiting(first) if a in lex.suiting(second)]
        suits = [adjective] if adjective in suits else suits
    suits = [a for a in suits if graded(a.en[0])]
    if not suits or subject == than:
        return quality(c)
    return stated(Clause(subject, lex.BE, said=Said(c.one(suits), degree, than)))


def profession(c: Choices) -> Template:
    """Paul is a doctor. She wants to become a nurse."""
    noun = c.one([n for n in lex.NOUNS["job"] if n.it.gender == n.fr.gender])
    gender = noun.fr.gender
    subject = c.one((Name(c.one(ph.MEN if gender == "m" else ph.WOMEN), gender), HE if gender == "m" else SHE))
    if c.chance(0.4):
        relative = c.one([n for n in lex.NOUNS["family"] if n.fr.gender == gender])
        subject = Thing(relative, det=c.one(POSSESSIVES))
    job = {"n": Thing(noun, det="a"), "f": Thing(noun, det="bare")}
    if c.chance(0.4):
        wants = Clause(subject, lex.verb("want to", "wish"), tense=c.one(("present", "past")))
        return stated(template("{s} become {n}", "{s} devenir {f}", "{s} diventare {n}", s=wants, **job))
    tense, polarity = c.one(("present", "present", "past")), c.one(("yes", "yes", "not"))
    clause = Clause(subject, lex.BE, tense=tense, polarity=polarity)
    return stated(template("{s} {n}", "{s} {f}", "{s} {n}", s=clause, **job))


PAIN_FR = ("j'ai/j'avais", "vous avez/vous aviez", "il a/il avait", "elle a/elle avait")
PAIN_IT = ("mi ", "ti ", "gli ", "le ", "ci ", "gli ")


def hurts(c: Choices) -> Template:
    """My head hurts: j'ai mal à la tête, mi fa male la testa."""
    number = c.up_to(3)
    body = c.one(lex.NOUNS["body"])
    plural = body.en.singular in ("foot", "tooth", "knee", "arm", "leg", "eye", "ear", "hand") and c.chance(0.7)
    tense = c.chance(0.25)
    hurt = "hurt" if plural or tense else "hurts"
    have = PAIN_FR[number].split("/")[tense]
    pain = PAIN_IT[number] + (("facevano" if plural else "faceva") if tense else "fanno" if plural else "fa")
    when = c.one(ph.PAST) if tense else ""
    mine, it = Thing(body, plural, POSSESSIVES[number]), Thing(body, plural)
    slots = {"x": mine, "y": it, "w": when}
    gap = " {w}" if tense else ""
    return stated(template(f"{{x}} {hurt}{gap}", f"{have} mal {{y:à}}{gap}", f"{pain} male {{y}}{gap}", **slots))


LIKE = own_verb("like", "aimer", "piacere", "state")
LOVING = (
    own_verb("love", "adorer", "adorare", "state"),
    own_verb("prefer preferred preferred", "préférer", "preferire", "state"),
    own_verb("hate", "détester", "detestare", "state"),
)


def likes(c: Choices) -> Template:
    """I like coffee: j'aime le café, mi piace il caffè."""
    noun: Noun = c.one(lex.chosen("food dish drink animal art tongue sport event"))
    plural = noun.en.only == "pl" or (noun.en.only is None and noun.kind not in ("tongue", "sport"))
    thing = Thing(noun, plural, "generic")
    subject: Any = c.person() if c.chance(0.6) else c.name()
    negative = "not" if c.chance(0.3) else "yes"
    if c.chance(0.4):
        loving = c.one(LOVING)
        return stated(Clause(subject, loving, thing, polarity=negative if loving.en.base != "hate" else "yes"))
    like = Clause(subject, LIKE, thing, polarity=negative)
    pleases = "piacciono" if numbers(noun.it, plural)[1] else "piace"
    whom = PAIN_IT[PERSONS.index(subject)] if subject in PERSONS else ""
    no = "non " if negative == "not" else ""
    italian = f"{no}{whom}{pleases} {{x}}" if whom else f"a {{s}} {no}{pleases} {{x}}"
    return stated(template("{c}", "{c}", italian, c=like, s=subject, x=thing))
