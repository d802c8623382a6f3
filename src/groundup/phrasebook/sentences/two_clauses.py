"""Sentences of two clauses: coordination (and, but), subordination (that, because, if, when), topic and pronoun."""

from typing import Any

from groundup.phrasebook import lexicon as lex
from groundup.phrasebook import phrases as ph
from groundup.phrasebook.grammar.tree import (
    HE,
    SHE,
    Clause,
    Noun,
    NounPhrase,
    Phrase,
    Predicate,
    Pronoun,
    Template,
    template,
)
from groundup.phrasebook.lexicon import make_verb
from groundup.phrasebook.sentences.clause_sampler import ClauseSampler, full_stop
from groundup.phrasebook.sentences.predicates import FEELINGS
from groundup.phrasebook.sentences.sampler import PERSONS

OBJECTS = tuple(v for v in lex.VERBS["transitive"] if v.en.base not in ("take", "put", "visit") and not v.it.reflexive)
THINGLIKE = lex.nouns("thing clothing vehicle text device food furniture openable art")
CONTRASTED = tuple(noun for noun in THINGLIKE if len(lex.adjectives_for(noun)) > 3)
PERSONAL = ("person", "family", "job", "tongue", "sport")
COLOURS = frozenset("red blue green yellow white black grey brown purple pink".split())
THAT = (
    make_verb("know knew known", "savoir", "sapere", "stative"),
    make_verb("say said said", "dire", "dire"),
    make_verb("see saw seen", "voir", "vedere"),
    make_verb("write wrote written", "écrire", "scrivere"),
    make_verb("discover", "découvrir", "scoprire"),
)
REASONS = frozenset("tired ill angry busy late worried sad happy disappointed nervous".split())
RAIN = {"it is raining": "it rains", "it is snowing": "it snows"}
EVENTS = "arrive,come in,leave,fall,wake up,come back,go out,get up,sit down,shout,stop,faint,turn round".split(",")


def _topic_phrase(s: ClauseSampler, noun: Noun) -> NounPhrase:
    return s.noun_phrase(noun, adjectives=0.1, det=s.pick(("the", "my", "your", "this")), plural=None)


def _it(thing: NounPhrase) -> Pronoun:
    """The pronoun for a noun phrase; it has the gender of the noun in each language."""
    return Pronoun(3, thing.plural, of=thing)


def topic(s: ClauseSampler) -> Template:
    """The key? I have already lost it. This book? I gave it to Marie."""
    if s.chance(0.4):
        clause = s.ditransitive(s.pronoun(), pronoun=0.0)
        thing = clause.object if clause.object.det not in ("count", "generic") else _topic_phrase(s, lex.noun("book"))
        thing = NounPhrase(thing.noun, thing.plural, "this" if thing.det in ("a", "some") else thing.det)
    else:
        verb = s.pick(OBJECTS)
        noun = s.pick([n for n in verb.objects if n.kind not in PERSONAL and n.en.only != "sg"] or [lex.noun("book")])
        if noun not in verb.objects:
            verb = lex.verb("read", "transitive")
        thing = _topic_phrase(s, noun)
        clause = Clause(s.pronoun(), verb)
    clause = s.with_tense(clause.replace(object=_it(thing), adjuncts=()), time=0.2)
    return template("{x}? {c}.", "{x}? {c}.", "{x}? {c}.", x=thing, c=clause)


def missing_object(s: ClauseSampler) -> Template:
    """Where is my watch? I can't find it."""
    thing = s.noun_phrase(s.pick(THINGLIKE), adjectives=0.1, det=s.pick(("the", "my", "your", "our")))
    clause = Clause(s.pick((s.pronoun(), Pronoun(1))), lex.verb("find", "transitive"), _it(thing))
    draw = s.rng.random()
    if draw < 0.4:
        clause = clause.replace(governing=lex.verb("can", "modal"), polarity="not")
    elif draw < 0.7:
        clause = clause.replace(verb=lex.verb("look for", "transitive"), tense="now")
    else:
        clause = clause.replace(verb=lex.verb(s.pick(("forget", "lose", "sell", "see")), "transitive"), tense="past")
    where = Clause(thing, lex.BE, ask=Phrase("where", "où", "dove"))
    return template("{q}? {c}.", "{q}? {c}.", "{q}? {c}.", q=where, c=clause)


def contrast(s: ClauseSampler) -> Template:
    """This car is old, but it is fast. The shoes are expensive, but I bought them."""
    noun = s.pick(CONTRASTED)
    thing = s.noun_phrase(noun, adjectives=0.0, det=s.pick(("the", "this", "my", "your", "that")))
    suits = lex.adjectives_for(noun)
    first = s.pick(suits)
    second = s.pick([a for a in suits if a is not first and not (a.en[0] in COLOURS and first.en[0] in COLOURS)])
    tense = s.pick(("present", "past"))
    one = Clause(thing, lex.BE, predicate=Predicate(first), tense=tense, polarity=s.pick(("yes", "yes", "not")))
    joint = s.pick((Phrase("but", "mais", "ma"), Phrase("and", "et", "e")))
    if s.chance(0.6):
        two = Clause(_it(thing), lex.BE, predicate=Predicate(second), tense=tense)
    else:
        verb = s.pick(
            [v for v in OBJECTS if noun in v.objects and v.en.base != v.en.past] or [lex.verb("see", "transitive")]
        )
        two = Clause(s.pronoun(), verb, _it(thing), tense=s.pick(("past", "future")), polarity=s.pick(("yes", "not")))
    gap = ", " if joint.en == "but" else " "
    return full_stop(template(*["{a}" + gap + "{j} {b}"] * 3, a=one, j=joint, b=two))


def _short(s: ClauseSampler, tense: str, subject: Any = None, *, it: bool = True) -> Clause:
    """A short clause in a tense: an action, a state or a feeling."""
    subject = s.subject() if subject is None else subject
    draw = s.rng.random()
    if draw < 0.3 and tense != "now":
        state = s.pick([a for a in lex.ADJECTIVES["state"] if "person" in a.suits])
        return Clause(subject, lex.BE, predicate=Predicate(state), tense=tense)
    if draw < 0.4 and tense != "now":
        return Clause(subject, s.pick(FEELINGS), tense=tense)
    clause = s.action(subject, it=it)
    return clause.replace(tense=s.allowed_tense(clause.verb, tense), adjuncts=())


def that_clause(s: ClauseSampler) -> Template:
    """I know that she will come. He says that you are right."""
    inner = _short(s, s.pick(("present", "future", "past", "now")))
    if inner.tense == "past" and inner.verb.en.base == inner.verb.en.past:
        inner = inner.replace(tense="future")
    inner = inner.replace(polarity="not" if s.chance(0.25) else "yes")
    phrase = template("that {c}", "que {c}", "che {c}", c=inner)
    outer = Clause(s.subject(), s.pick(THAT), adjuncts=(phrase,))
    if s.chance(0.2) and outer.verb.en.base in ("know", "say"):
        return template("{c}?", "{c}?", "{c}?", c=outer.replace(ask="yes/no"))
    return full_stop(outer)


def because_clause(s: ClauseSampler) -> Template:
    """I won't come because I am ill."""
    subject = s.subject()
    tense = s.pick(("past", "future", "present"))
    first = s.action(subject, it=False).replace(tense=tense, polarity="not" if s.chance(0.7) else "yes", adjuncts=())
    if first.polarity == "yes" and first.verb.en.base == first.verb.en.past:
        first = first.replace(polarity="not")
    if isinstance(first.object, NounPhrase) and first.object.det in ("a", "count"):
        first = first.replace(object=NounPhrase(first.object.noun, first.object.plural, "the"))
    other = subject if isinstance(subject, Pronoun) else HE if _masculine(subject) else SHE
    if isinstance(subject, NounPhrase) and subject.plural:
        other = Pronoun(3, plural=True, of=subject)
    state = s.pick([a for a in lex.ADJECTIVES["state"] if a.en[0] in REASONS])
    cause = Clause(other, lex.BE, predicate=Predicate(state), tense="past" if tense == "past" else "present")
    if s.chance(0.3):
        cause = cause.replace(verb=s.pick(FEELINGS), predicate=None)
    return full_stop(template("{a} because {b}", "{a} parce que {b}", "{a} perché {b}", a=first, b=cause))


def _masculine(subject: Any) -> bool:
    return (subject.gender if hasattr(subject, "gender") else subject.noun.fr.gender) == "m"


def if_clause(s: ClauseSampler) -> Template:
    """If it rains tomorrow, we will stay. When he arrives, I will give it to him."""
    main = _short(s, "future", s.pick((*PERSONS[:-1], s.name(), s.person_noun())), it=False)
    main = main.replace(polarity="not" if s.chance(0.2) else "yes")
    if s.chance(0.35):
        weather = s.pick(ph.WEATHER[:8])
        if weather.en in RAIN:
            weather = weather._replace(en=RAIN[weather.en])
        time = Phrase("tomorrow", "demain", "domani")
        when = template("if {w} {t}, {m}", "si {w} {t}, {m}", "se {w} {t}, {m}", w=weather, t=time, m=main)
        return full_stop(when)
    first = _short(s, "present", s.pronoun() if s.chance(0.7) else None)
    if s.chance(0.5):
        return full_stop(template("if {a}, {m}", "si {a}, {m}", "se {a}, {m}", a=first, m=main))
    late = first.replace(tense="future")
    return full_stop(template("when {a}, {m}", "quand {b}, {m}", "quando {b}, {m}", a=first, b=late, m=main))


def coordination(s: ClauseSampler) -> Template:
    """He bought the bread, but he didn't cut it. She went out and she will phone you."""
    subject = s.pronoun()
    first = s.action(subject, it=False).replace(adjuncts=())
    thing, second = first.object, s.action(subject, it=False).replace(adjuncts=())
    if isinstance(thing, NounPhrase) and thing.noun.kind not in PERSONAL and thing.det != "count" and s.chance(0.7):
        fitting = [v for v in OBJECTS if thing.noun in v.objects and v is not first.verb]
        if fitting:
            second = Clause(subject, s.pick(fitting), _it(thing))
    unclear = any(clause.verb.en.base == clause.verb.en.past for clause in (first, second))
    tense = "future" if unclear else s.pick(("past", "past", "future", "near"))
    if s.chance(0.4):
        second = second.replace(adjuncts=(s.time(tense),))
    first, second = first.replace(tense=tense), second.replace(tense=tense)
    if s.chance(0.5):
        return full_stop(template(*["{a} {j} {b}"] * 3, a=first, j=Phrase("and", "et", "e"), b=second))
    return full_stop(
        template(*["{a}, {j} {b}"] * 3, a=first, j=Phrase("but", "mais", "ma"), b=second.replace(polarity="not"))
    )


def when_clause(s: ClauseSampler) -> Template:
    """I was sleeping when you arrived."""
    first = s.action(s.subject())
    first = first.replace(tense=s.allowed_tense(first.verb, "was"), adjuncts=())
    second = Clause(
        s.pick(PERSONS[:-1]) if s.chance(0.6) else s.name(), lex.verb(s.pick(EVENTS), "intransitive"), tense="past"
    )
    return full_stop(template("{a} when {b}", "{a} quand {b}", "{a} quando {b}", a=first, b=second))
