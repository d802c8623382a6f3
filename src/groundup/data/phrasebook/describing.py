"""Sentences that describe a thing by what is done to it: passives, relative clauses, owners."""

from groundup.data.phrasebook import french_forms, italian_forms
from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook.choices import Choices, stated
from groundup.data.phrasebook.joining import OBJECTS, PERSONAL
from groundup.data.phrasebook.meaning import Clause, Gap, Said, Template, Thing, template
from groundup.data.phrasebook.speaker import numbers


def relative(c: Choices) -> Template:
    """The woman who is waiting is my sister. I lost the key that you gave me."""
    if c.chance(0.4):
        base = Thing(c.one(lex.chosen("person job")), c.chance(0.2))
        inner = c.action(Gap(base)).but(tail=())
        inner = inner.but(tense=c.live(inner.verb, c.one(("now", "past", "present"))))
        if inner.verb.en.base == inner.verb.en.past:
            inner = inner.but(tense=c.live(inner.verb, "now"))
        subject = Thing(base.noun, base.plural, relative=inner)
        state = c.one([a for a in lex.ADJECTIVES[c.one(("state", "quality"))] if "person" in a.suits])
        return stated(Clause(subject, lex.BE, said=Said(state), tense=c.one(("present", "past"))))
    verb = c.one([v for v in OBJECTS if v.en.base != v.en.past])
    nouns = [n for n in verb.takes if n.kind not in PERSONAL and n.en.only != "sg" and lex.suiting(n)] or [
        lex.noun("book")
    ]
    verb = verb if nouns[0] in verb.takes else lex.verb("buy", "act")
    noun = c.one(nouns)
    base = Thing(noun, noun.en.only is None and c.chance(0.25))
    tense = c.live(verb, c.one(("past", "past", "future", "now")))
    inner = Clause(c.person() if c.chance(0.7) else c.name(), verb, Gap(base), tense=tense)
    thing = Thing(base.noun, base.plural, relative=inner)
    said = Said(c.one(lex.suiting(base.noun)))
    return stated(Clause(thing, lex.BE, said=said, tense=c.one(("present", "past"))))


def passive(c: Choices) -> Template:
    """The house was built by my uncle: a été construite par, è stata costruita da."""
    verb = c.one([v for v in OBJECTS if v.fr.preposition == "" and not v.it.rest and not v.en.rest])
    nouns = [n for n in verb.takes if n.kind not in ("tongue", "sport")]
    thing = c.thing(c.one(nouns), adjectives=0.2, det=c.one(("the", "this", "that", "my")))
    who = c.name() if c.chance(0.4) else c.somebody()
    be = "were" if numbers(thing.noun.en, thing.plural)[1] else "was"
    (fr_gender, fr_many), (it_gender, it_many) = (numbers(f, thing.plural) for f in (thing.noun.fr, thing.noun.it))
    made = french_forms.agreed(french_forms.participle(verb.fr.infinitive), fr_gender, fr_many)
    fatto = italian_forms.agreed(italian_forms.participle(verb.it.infinitive), it_gender, it_many)
    stato = italian_forms.agreed("stato", it_gender, it_many)
    have, essere = ("ont" if fr_many else "a"), ("sono" if it_many else "è")
    return stated(
        template(
            f"{{x}} {be} {verb.en.participle} by {{y}}",
            f"{{x}} {have} été {made} par {{y}}",
            f"{{x}} {essere} {stato} {fatto} {{y:da}}",
            x=thing, y=who,
        )
    )  # fmt: skip


def owned(c: Choices) -> Template:
    """Marie's car is blue. The doctor's house is next to the church."""
    noun = c.one(lex.chosen("thing clothing vehicle text furniture house flat dog cat horse idea"))
    owner = c.name() if c.chance(0.6) else c.somebody()
    plural = noun.en.only is None and c.chance(0.2)
    thing = Thing(noun, plural, owner=owner)
    if c.chance(0.5) and lex.suiting(noun):
        return stated(Clause(thing, lex.BE, said=Said(c.one(lex.suiting(noun))), tense=c.one(("present", "past"))))
    verbs = [v for v in OBJECTS if noun in v.takes] or [lex.verb("see", "act")]
    return stated(c.timed(Clause(c.subject(), c.one(verbs), thing)))
