"""Sentences that describe somebody or something (be + adjective or noun), and sentences about pain and liking."""

from functools import cache
from typing import Any

from groundup.phrasebook import lexicon as lex
from groundup.phrasebook import phrases as ph
from groundup.phrasebook.grammar.language import gender_number
from groundup.phrasebook.grammar.tree import (
    HE,
    SHE,
    Adjective,
    Clause,
    Name,
    Noun,
    NounPhrase,
    Predicate,
    Template,
    template,
)
from groundup.phrasebook.lexicon import make_verb
from groundup.phrasebook.sentences.clause_sampler import ClauseSampler, full_stop, question_mark
from groundup.phrasebook.sentences.sampler import PERSONS, POSSESSIVES

NATIONS = frozenset("French English Italian Spanish German American Russian Japanese Chinese".split())
UNGRADED = frozenset(
    "late married alone ready sure cheap wooden perfect excellent magnificent terrible immense delicious open closed "
    "lost torn broken rotten impossible possible necessary true false public private foreign secret original brilliant "
    "useless square round historic political transparent full empty free busy".split()
)
IMPERSONAL = ("person", "nature", "dish", "drink", "building", "transport")  # not mine or yours
DESCRIBED = [n for kind in lex.NOUNS.values() for n in kind if lex.adjectives_for(n)]
ALL = (*lex.ADJECTIVES["quality"], *lex.ADJECTIVES["state"])


FEELINGS = [make_verb(f"be {en} was {en} been {en}", f"avoir {fr}", f"avere {it}", "be") for en, fr, it in ph.FEELINGS]


def _personal_predicate(s: ClauseSampler, kind: str) -> Predicate:
    """An adjective for this kind of noun, sometimes with "very" or "too"."""
    sections = ("quality", "state", "state")
    adjective = s.pick([a for a in lex.ADJECTIVES[s.pick(sections)] if kind in a.suits])
    return Predicate(adjective, s.pick(("", "", "very", "too")) if graded(adjective.en[0]) else "")


def graded(adjective: str) -> bool:
    """Whether the adjective can be compared and take "very"."""
    return adjective not in NATIONS and adjective not in UNGRADED


def personal_state(s: ClauseSampler) -> Template:
    """She was very tired yesterday."""
    subject = s.subject()
    tense = s.pick(("present", "present", "past", "future"))
    polarity = s.pick(("yes", "yes", "not", "no longer" if tense == "present" else "not"))
    if s.chance(0.2):
        return full_stop(s.with_time(Clause(subject, s.pick(FEELINGS), tense=tense, polarity=polarity)))
    clause = Clause(subject, lex.BE, predicate=_personal_predicate(s, "person"), tense=tense, polarity=polarity)
    return full_stop(s.with_time(clause))


def personal_state_question(s: ClauseSampler) -> Template:
    """Are you hungry? Was he angry?"""
    subject = s.pronoun() if s.chance(0.7) else s.name()
    tense = s.pick(("present", "past"))
    if s.chance(0.3):
        return question_mark(s.with_time(Clause(subject, s.pick(FEELINGS), tense=tense, ask="yes/no")))
    return question_mark(
        s.with_time(Clause(subject, lex.BE, predicate=_personal_predicate(s, "person"), tense=tense, ask="yes/no"))
    )


@cache
def _suited(adjective: Adjective) -> tuple[Noun, ...]:
    """The nouns that the adjective can describe."""
    return tuple(n for kind in lex.NOUNS.values() for n in kind if adjective.suits & {n.kind, n.en.singular})


def quality(s: ClauseSampler) -> Template:
    """These shoes are too small."""
    adjective = s.pick(ALL)
    noun = s.pick(DESCRIBED) if s.chance(0.5) else s.pick(_suited(adjective))
    det = s.pick(("the", "this", "that", *(() if noun.kind in IMPERSONAL else POSSESSIVES)))
    thing = s.noun_phrase(noun, det=det, adjectives=0.3)
    fitting = [*lex.adjectives_for(noun), *lex.adjectives_for(noun, "state")]
    if adjective not in fitting or adjective in thing.adjectives:
        adjective = s.pick([a for a in fitting if a not in thing.adjectives] or fitting)
    degree = s.pick(("", "", "very", "too")) if graded(adjective.en[0]) else ""
    tense = s.pick(("present", "present", "past"))
    polarity = s.pick(("yes", "yes", "not"))
    return full_stop(
        s.with_time(Clause(thing, lex.BE, predicate=Predicate(adjective, degree), tense=tense, polarity=polarity))
    )


def comparison(s: ClauseSampler) -> Template:
    """My house is bigger than the church. Paul is as tall as me."""
    degree = s.pick(("more", "more", "less", "as"))
    if s.chance(0.5):
        subject = s.subject()
        than, suits = s.other_person(subject), [a for a in ALL if "person" in a.suits]
    else:
        adjective = s.pick(ALL)
        first = s.pick(DESCRIBED) if s.chance(0.5) else s.pick(_suited(adjective))
        second = s.pick(lex.NOUNS[first.kind])
        dets = ("the", "this") if first.kind in IMPERSONAL else ("the", "this", "my", "your")
        subject, than = (s.noun_phrase(n, adjectives=0.0, det=s.pick(dets)) for n in (first, second))
        suits = [a for a in lex.adjectives_for(first) if a in lex.adjectives_for(second)]
        suits = [adjective] if adjective in suits else suits
    suits = [a for a in suits if graded(a.en[0])]
    if not suits or subject == than:
        return quality(s)
    return full_stop(Clause(subject, lex.BE, predicate=Predicate(s.pick(suits), degree, than)))


def profession(s: ClauseSampler) -> Template:
    """Paul is a doctor. She wants to become a nurse."""
    noun = s.pick([n for n in lex.NOUNS["job"] if n.it.gender == n.fr.gender])
    gender = noun.fr.gender
    subject = s.pick((Name(s.pick(ph.MEN if gender == "m" else ph.WOMEN), gender), HE if gender == "m" else SHE))
    if s.chance(0.4):
        relative = s.pick([n for n in lex.NOUNS["family"] if n.fr.gender == gender])
        subject = NounPhrase(relative, det=s.pick(POSSESSIVES))
    job = {"n": NounPhrase(noun, det="a"), "f": NounPhrase(noun, det="bare")}
    if s.chance(0.4):
        wants = Clause(subject, lex.verb("want to", "infinitive-stative"), tense=s.pick(("present", "past")))
        return full_stop(template("{s} become {n}", "{s} devenir {f}", "{s} diventare {n}", s=wants, **job))
    tense, polarity = s.pick(("present", "present", "past")), s.pick(("yes", "yes", "not"))
    clause = Clause(subject, lex.BE, tense=tense, polarity=polarity)
    return full_stop(template("{s} {n}", "{s} {f}", "{s} {n}", s=clause, **job))


PAIN_FR = ("j'ai/j'avais", "vous avez/vous aviez", "il a/il avait", "elle a/elle avait")
PAIN_IT = ("mi ", "ti ", "gli ", "le ", "ci ", "gli ")


def pain(s: ClauseSampler) -> Template:
    """My head hurts: j'ai mal à la tête, mi fa male la testa."""
    number = s.up_to(3)
    body = s.pick(lex.NOUNS["body"])
    plural = body.en.singular in ("foot", "tooth", "knee", "arm", "leg", "eye", "ear", "hand") and s.chance(0.7)
    tense = s.chance(0.25)
    hurt = "hurt" if plural or tense else "hurts"
    have = PAIN_FR[number].split("/")[tense]
    pain = PAIN_IT[number] + (("facevano" if plural else "faceva") if tense else "fanno" if plural else "fa")
    when = s.pick(ph.PAST) if tense else ""
    mine, it = NounPhrase(body, plural, POSSESSIVES[number]), NounPhrase(body, plural)
    slots = {"x": mine, "y": it, "w": when}
    gap = " {w}" if tense else ""
    return full_stop(template(f"{{x}} {hurt}{gap}", f"{have} mal {{y:à}}{gap}", f"{pain} male {{y}}{gap}", **slots))


LIKE = make_verb("like", "aimer", "piacere", "stative")
LOVING = (
    make_verb("love", "adorer", "adorare", "stative"),
    make_verb("prefer preferred preferred", "préférer", "preferire", "stative"),
    make_verb("hate", "détester", "detestare", "stative"),
)


def preference(s: ClauseSampler) -> Template:
    """I like coffee: j'aime le café, mi piace il caffè."""
    noun: Noun = s.pick(lex.nouns("food dish drink animal art tongue sport event"))
    plural = noun.en.only == "pl" or (noun.en.only is None and noun.kind not in ("tongue", "sport"))
    thing = NounPhrase(noun, plural, "generic")
    subject: Any = s.pronoun() if s.chance(0.6) else s.name()
    negative = "not" if s.chance(0.3) else "yes"
    if s.chance(0.4):
        loving = s.pick(LOVING)
        return full_stop(Clause(subject, loving, thing, polarity=negative if loving.en.base != "hate" else "yes"))
    like = Clause(subject, LIKE, thing, polarity=negative)
    pleases = "piacciono" if gender_number(noun.it, plural)[1] else "piace"
    whom = PAIN_IT[PERSONS.index(subject)] if subject in PERSONS else ""
    no = "non " if negative == "not" else ""
    italian = f"{no}{whom}{pleases} {{x}}" if whom else f"a {{s}} {no}{pleases} {{x}}"
    return full_stop(template("{c}", "{c}", italian, c=like, s=subject, x=thing))
