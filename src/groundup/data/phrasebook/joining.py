"""Sentences of two parts: a topic and its pronoun, and, but, that, because, if, when."""

from typing import Any

from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook import phrases as ph
from groundup.data.phrasebook.being import FEELINGS
from groundup.data.phrasebook.choices import Choices, stated
from groundup.data.phrasebook.draw import PERSONS
from groundup.data.phrasebook.lexicon import own_verb
from groundup.data.phrasebook.meaning import HE, SHE, Clause, Fixed, Noun, Person, Said, Template, Thing, template

OBJECTS = tuple(v for v in lex.VERBS["act"] if v.en.base not in ("take", "put", "visit") and not v.it.reflexive)
THINGLIKE = lex.chosen("thing clothing vehicle text device food furniture openable art")
CONTRASTED = tuple(noun for noun in THINGLIKE if len(lex.suiting(noun)) > 3)
PERSONAL = ("person", "family", "job", "tongue", "sport")
COLOURS = frozenset("red blue green yellow white black grey brown purple pink".split())
THAT = (
    own_verb("know knew known", "savoir", "sapere", "state"),
    own_verb("say said said", "dire", "dire"),
    own_verb("see saw seen", "voir", "vedere"),
    own_verb("write wrote written", "écrire", "scrivere"),
    own_verb("discover", "découvrir", "scoprire"),
)
REASONS = frozenset("tired ill angry busy late worried sad happy disappointed nervous".split())
RAIN = {"it is raining": "it rains", "it is snowing": "it snows"}
EVENTS = "arrive,come in,leave,fall,wake up,come back,go out,get up,sit down,shout,stop,faint,turn round".split(",")


def _topic(c: Choices, noun: Noun) -> Thing:
    return c.thing(noun, adjectives=0.1, det=c.one(("the", "my", "your", "this")), plural=None)


def _it(thing: Thing) -> Person:
    """The pronoun for a thing: its gender is the thing's in each language."""
    return Person(3, thing.plural, of=thing)


def topic(c: Choices) -> Template:
    """The key? I have already lost it. This book? I gave it to Marie."""
    if c.chance(0.4):
        clause = c.handing(c.person(), pronoun=0.0)
        thing = clause.object if clause.object.det not in ("count", "generic") else _topic(c, lex.noun("book"))
        thing = Thing(thing.noun, thing.plural, "this" if thing.det in ("a", "some") else thing.det)
    else:
        verb = c.one(OBJECTS)
        noun = c.one([n for n in verb.takes if n.kind not in PERSONAL and n.en.only != "sg"] or [lex.noun("book")])
        if noun not in verb.takes:
            verb = lex.verb("read", "act")
        thing = _topic(c, noun)
        clause = Clause(c.person(), verb)
    clause = c.timed(clause.but(object=_it(thing), tail=()), time=0.2)
    return template("{x}? {c}.", "{x}? {c}.", "{x}? {c}.", x=thing, c=clause)


def lost(c: Choices) -> Template:
    """Where is my watch? I can't find it."""
    thing = c.thing(c.one(THINGLIKE), adjectives=0.1, det=c.one(("the", "my", "your", "our")))
    clause = Clause(c.one((c.person(), Person(1))), lex.verb("find", "act"), _it(thing))
    draw = c.rng.random()
    if draw < 0.4:
        clause = clause.but(through=lex.verb("can", "modal"), polarity="not")
    elif draw < 0.7:
        clause = clause.but(verb=lex.verb("look for", "act"), tense="now")
    else:
        clause = clause.but(verb=lex.verb(c.one(("forget", "lose", "sell", "see")), "act"), tense="past")
    asked = Clause(thing, lex.BE, ask=Fixed("where", "où", "dove"))
    return template("{q}? {c}.", "{q}? {c}.", "{q}? {c}.", q=asked, c=clause)


def contrast(c: Choices) -> Template:
    """This car is old, but it is fast. The shoes are expensive, but I bought them."""
    noun = c.one(CONTRASTED)
    thing = c.thing(noun, adjectives=0.0, det=c.one(("the", "this", "my", "your", "that")))
    suits = lex.suiting(noun)
    first = c.one(suits)
    second = c.one([a for a in suits if a is not first and not (a.en[0] in COLOURS and first.en[0] in COLOURS)])
    tense = c.one(("present", "past"))
    one = Clause(thing, lex.BE, said=Said(first), tense=tense, polarity=c.one(("yes", "yes", "not")))
    joint = c.one((Fixed("but", "mais", "ma"), Fixed("and", "et", "e")))
    if c.chance(0.6):
        two = Clause(_it(thing), lex.BE, said=Said(second), tense=tense)
    else:
        verb = c.one([v for v in OBJECTS if noun in v.takes and v.en.base != v.en.past] or [lex.verb("see", "act")])
        two = Clause(c.person(), verb, _it(thing), tense=c.one(("past", "future")), polarity=c.one(("yes", "not")))
    gap = ", " if joint.en == "but" else " "
    return stated(template(*["{a}" + gap + "{j} {b}"] * 3, a=one, j=joint, b=two))


def _short(c: Choices, tense: str, subject: Any = None, *, it: bool = True) -> Clause:
    """A short clause in a tense: an action, a state or a feeling."""
    subject = c.subject() if subject is None else subject
    draw = c.rng.random()
    if draw < 0.3 and tense != "now":
        state = c.one([a for a in lex.ADJECTIVES["state"] if "person" in a.suits])
        return Clause(subject, lex.BE, said=Said(state), tense=tense)
    if draw < 0.4 and tense != "now":
        return Clause(subject, c.one(FEELINGS), tense=tense)
    clause = c.action(subject, it=it)
    return clause.but(tense=c.live(clause.verb, tense), tail=())


def that(c: Choices) -> Template:
    """I know that she will come. He says that you are right."""
    inner = _short(c, c.one(("present", "future", "past", "now")))
    if inner.tense == "past" and inner.verb.en.base == inner.verb.en.past:
        inner = inner.but(tense="future")
    inner = inner.but(polarity="not" if c.chance(0.25) else "yes")
    phrase = template("that {c}", "que {c}", "che {c}", c=inner)
    outer = Clause(c.subject(), c.one(THAT), tail=(phrase,))
    if c.chance(0.2) and outer.verb.en.base in ("know", "say"):
        return template("{c}?", "{c}?", "{c}?", c=outer.but(ask="yes/no"))
    return stated(outer)


def because(c: Choices) -> Template:
    """I won't come because I am ill."""
    subject = c.subject()
    tense = c.one(("past", "future", "present"))
    first = c.action(subject, it=False).but(tense=tense, polarity="not" if c.chance(0.7) else "yes", tail=())
    if first.polarity == "yes" and first.verb.en.base == first.verb.en.past:
        first = first.but(polarity="not")
    if isinstance(first.object, Thing) and first.object.det in ("a", "count"):
        first = first.but(object=Thing(first.object.noun, first.object.plural, "the"))
    other = subject if isinstance(subject, Person) else HE if _masculine(subject) else SHE
    if isinstance(subject, Thing) and subject.plural:
        other = Person(3, plural=True, of=subject)
    state = c.one([a for a in lex.ADJECTIVES["state"] if a.en[0] in REASONS])
    cause = Clause(other, lex.BE, said=Said(state), tense="past" if tense == "past" else "present")
    if c.chance(0.3):
        cause = cause.but(verb=c.one(FEELINGS), said=None)
    return stated(template("{a} because {b}", "{a} parce que {b}", "{a} perché {b}", a=first, b=cause))


def _masculine(subject: Any) -> bool:
    return (subject.gender if hasattr(subject, "gender") else subject.noun.fr.gender) == "m"


def condition(c: Choices) -> Template:
    """If it rains tomorrow, we will stay. When he arrives, I will give it to him."""
    main = _short(c, "future", c.one((*PERSONS[:-1], c.name(), c.somebody())), it=False)
    main = main.but(polarity="not" if c.chance(0.2) else "yes")
    if c.chance(0.35):
        weather = Fixed(*c.one(ph.WEATHER[:8])[:3])
        if weather.en in RAIN:
            weather = weather._replace(en=RAIN[weather.en])
        time = Fixed("tomorrow", "demain", "domani")
        when = template("if {w} {t}, {m}", "si {w} {t}, {m}", "se {w} {t}, {m}", w=weather, t=time, m=main)
        return stated(when)
    first = _short(c, "present", c.person() if c.chance(0.7) else None)
    if c.chance(0.5):
        return stated(template("if {a}, {m}", "si {a}, {m}", "se {a}, {m}", a=first, m=main))
    late = first.but(tense="future")
    return stated(template("when {a}, {m}", "quand {b}, {m}", "quando {b}, {m}", a=first, b=late, m=main))


def two(c: Choices) -> Template:
    """He bought the bread, but he didn't cut it. She went out and she will phone you."""
    subject = c.person()
    first = c.action(subject, it=False).but(tail=())
    thing, second = first.object, c.action(subject, it=False).but(tail=())
    if isinstance(thing, Thing) and thing.noun.kind not in PERSONAL and thing.det != "count" and c.chance(0.7):
        fitting = [v for v in OBJECTS if thing.noun in v.takes and v is not first.verb]
        if fitting:
            second = Clause(subject, c.one(fitting), _it(thing))
    unclear = any(clause.verb.en.base == clause.verb.en.past for clause in (first, second))
    tense = "future" if unclear else c.one(("past", "past", "future", "near"))
    if c.chance(0.4):
        second = second.but(tail=(c.when(tense),))
    first, second = first.but(tense=tense), second.but(tense=tense)
    if c.chance(0.5):
        return stated(template(*["{a} {j} {b}"] * 3, a=first, j=Fixed("and", "et", "e"), b=second))
    return stated(template(*["{a}, {j} {b}"] * 3, a=first, j=Fixed("but", "mais", "ma"), b=second.but(polarity="not")))


def meanwhile(c: Choices) -> Template:
    """I was sleeping when you arrived."""
    first = c.action(c.subject())
    first = first.but(tense=c.live(first.verb, "was"), tail=())
    second = Clause(c.one(PERSONS[:-1]) if c.chance(0.6) else c.name(), lex.verb(c.one(EVENTS), "alone"), tense="past")
    return stated(template("{a} when {b}", "{a} quand {b}", "{a} quando {b}", a=first, b=second))
