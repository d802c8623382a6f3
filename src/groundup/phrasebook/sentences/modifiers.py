"""Sentences with a relative clause, a passive verb or a possessor."""

from groundup.phrasebook import lexicon as lex
from groundup.phrasebook.grammar import french_inflection, italian_inflection
from groundup.phrasebook.grammar.language import gender_number
from groundup.phrasebook.grammar.tree import Clause, Gap, NounPhrase, Predicate, Template, template
from groundup.phrasebook.sentences.clause_sampler import ClauseSampler, full_stop
from groundup.phrasebook.sentences.two_clauses import OBJECTS, PERSONAL


def relative_clause(s: ClauseSampler) -> Template:
    """The woman who is waiting is my sister. I lost the key that you gave me."""
    if s.chance(0.4):
        base = NounPhrase(s.pick(lex.nouns("person job")), s.chance(0.2))
        inner = s.action(Gap(base)).replace(adjuncts=())
        inner = inner.replace(tense=s.allowed_tense(inner.verb, s.pick(("now", "past", "present"))))
        if inner.verb.en.base == inner.verb.en.past:
            inner = inner.replace(tense=s.allowed_tense(inner.verb, "now"))
        subject = NounPhrase(base.noun, base.plural, relative=inner)
        state = s.pick([a for a in lex.ADJECTIVES[s.pick(("state", "quality"))] if "person" in a.suits])
        return full_stop(Clause(subject, lex.BE, predicate=Predicate(state), tense=s.pick(("present", "past"))))
    verb = s.pick([v for v in OBJECTS if v.en.base != v.en.past])
    nouns = [n for n in verb.objects if n.kind not in PERSONAL and n.en.only != "sg" and lex.adjectives_for(n)] or [
        lex.noun("book")
    ]
    verb = verb if nouns[0] in verb.objects else lex.verb("buy", "transitive")
    noun = s.pick(nouns)
    base = NounPhrase(noun, noun.en.only is None and s.chance(0.25))
    tense = s.allowed_tense(verb, s.pick(("past", "past", "future", "now")))
    inner = Clause(s.pronoun() if s.chance(0.7) else s.name(), verb, Gap(base), tense=tense)
    thing = NounPhrase(base.noun, base.plural, relative=inner)
    predicate = Predicate(s.pick(lex.adjectives_for(base.noun)))
    return full_stop(Clause(thing, lex.BE, predicate=predicate, tense=s.pick(("present", "past"))))


def passive(s: ClauseSampler) -> Template:
    """The house was built by my uncle: a été construite par, è stata costruita da."""
    verb = s.pick([v for v in OBJECTS if v.fr.preposition == "" and not v.it.rest and not v.en.rest])
    nouns = [n for n in verb.objects if n.kind not in ("tongue", "sport")]
    thing = s.noun_phrase(s.pick(nouns), adjectives=0.2, det=s.pick(("the", "this", "that", "my")))
    who = s.name() if s.chance(0.4) else s.person_noun()
    be = "were" if gender_number(thing.noun.en, thing.plural)[1] else "was"
    (fr_gender, fr_many), (it_gender, it_many) = (
        gender_number(f, thing.plural) for f in (thing.noun.fr, thing.noun.it)
    )
    made = french_inflection.agreed(french_inflection.participle(verb.fr.infinitive), fr_gender, fr_many)
    fatto = italian_inflection.agreed(italian_inflection.participle(verb.it.infinitive), it_gender, it_many)
    stato = italian_inflection.agreed("stato", it_gender, it_many)
    have, essere = ("ont" if fr_many else "a"), ("sono" if it_many else "è")
    return full_stop(
        template(
            f"{{x}} {be} {verb.en.participle} by {{y}}",
            f"{{x}} {have} été {made} par {{y}}",
            f"{{x}} {essere} {stato} {fatto} {{y:da}}",
            x=thing, y=who,
        )
    )  # fmt: skip


def possessive(s: ClauseSampler) -> Template:
    """Marie's car is blue. The doctor's house is next to the church."""
    noun = s.pick(lex.nouns("thing clothing vehicle text furniture house flat dog cat horse idea"))
    owner = s.name() if s.chance(0.6) else s.person_noun()
    plural = noun.en.only is None and s.chance(0.2)
    thing = NounPhrase(noun, plural, owner=owner)
    if s.chance(0.5) and lex.adjectives_for(noun):
        return full_stop(
            Clause(
                thing, lex.BE, predicate=Predicate(s.pick(lex.adjectives_for(noun))), tense=s.pick(("present", "past"))
            )
        )
    verbs = [v for v in OBJECTS if noun in v.objects] or [lex.verb("see", "transitive")]
    return full_stop(s.with_tense(Clause(s.subject(), s.pick(verbs), thing)))
