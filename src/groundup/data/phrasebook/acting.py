"""Sentences in which somebody does something: statements, questions, commands, wishes."""

from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook import phrases as ph
from groundup.data.phrasebook.choices import WHEN_TENSES, Choices, asked, stated
from groundup.data.phrasebook.draw import THINGS
from groundup.data.phrasebook.meaning import WE, YOU, Clause, Fixed, Quantity, Said, Template, template

WHERE = Fixed("where", "où", "dove")
WHEN = Fixed("when", "quand", "quando")
WHY = Fixed("why", "pourquoi", "perché")
WHAT = Fixed("what", "qu'est-ce que", "che cosa")
WHOM = Fixed("who", "qui", "chi")
NOTHING = "see hear find buy eat forget understand drink".split()
ANYONE = "see invite meet hear help".split()
WHAT_VERBS = ["eat", "drink", "buy", "sell", "look for", "read", "prepare", "draw", "write", "find", "choose", "learn"]
WHOM_VERBS = ["see", "invite", "meet", "help", "wait for", "call", "thank", "look for", "follow", "accompany"]
UNCOMMANDED = frozenset("fall faint suffer lie get arrive lose win miss receive hate lean".split())


def act(c: Choices) -> Template:
    """Marie didn't buy the red car at the market yesterday."""
    clause = c.action()
    if clause.verb.frame == "act" and not clause.tail and c.chance(0.25):
        row = c.one(ph.PLACES)
        clause = clause.but(tail=(Fixed(row[0], row[1], row[3]),))
    return stated(c.timed(clause))


def alone(c: Choices) -> Template:
    """We got up at six o'clock."""
    clause = c.timed(c.alone(c.subject()), time=0.7)
    return stated(clause)


def hand(c: Choices) -> Template:
    """I didn't give it to her yesterday."""
    return stated(c.timed(c.handing(c.subject())))


def own(c: Choices) -> Template:
    """She no longer needs this car."""
    verb, subject = c.one(lex.VERBS["state"]), c.subject()
    return stated(c.timed(Clause(subject, verb, c.object(verb, subject, pronoun=0.1))))


def wish(c: Choices) -> Template:
    """I want to see it, they can't come, you should rest."""
    return stated(through(c))


def through(c: Choices) -> Clause:
    """A verb through another one."""
    frame = c.one(("wish", "wish", "auxiliary", "modal", "would"))
    verb = c.one([v for v in lex.VERBS[frame] if v.en.rest != "able to"])
    clause = c.action(c.subject()).but(through=verb)
    if frame == "modal" and c.chance(0.15):
        return clause.but(through=lex.verb("be able to", "modal"), tense="future")
    return c.timed(clause)


def nobody(c: Choices) -> Template:
    """I didn't see anyone. Nobody came. Everyone is tired."""
    draw = c.rng.random()
    if draw < 0.45:
        return _nothing(c)
    which = c.one(("everyone", "someone", "nobody"))
    tense = c.one(("past", "past", "future", "present"))
    if draw < 0.6 and which != "someone":
        state = c.one([a for a in lex.ADJECTIVES["state"] if "person" in a.suits and a.en[0] != "alone"])
        return stated(Clause(Quantity(which), lex.BE, said=Said(state), tense=tense))
    return stated(c.action(Quantity(which)).but(tense=tense, tail=(c.when(tense),)))


def _nothing(c: Choices) -> Template:
    nothing = c.chance(0.5)
    verb = lex.verb(c.one(NOTHING if nothing else ANYONE), "act")
    tense = c.one(("present", "past", "future"))
    clause = Clause(c.subject(), verb, tense=tense, polarity="nothing" if nothing else "nobody")
    return stated(clause.but(tail=(c.when(tense),)) if tense != "present" and c.chance(0.4) else clause)


def yes_no(c: Choices) -> Template:
    """Did you see the film yesterday?"""
    clause = c.timed(c.action(c.subject()), negation=0.0)
    if clause.tense in ("used", "just") or clause.polarity != "yes":
        clause = clause.but(tense="present", polarity="yes")
    return asked(clause.but(ask="yes/no"))


def may(c: Choices) -> Template:
    """Can you help me? Do you want to come?"""
    frame, name = c.one((("modal", "can"), ("would", "could"), ("wish", "want to"), ("wish", "know how to")))
    return asked(c.action(c.person()).but(through=lex.verb(name, frame), ask="yes/no"))


def wh(c: Choices) -> Template:
    """Where did you buy it? Why is Marie crying?"""
    person = c.chance(0.7)
    subject = c.person() if person else c.name() if c.chance(0.5) else c.somebody()
    clause = c.action(subject) if person else c.alone(subject)
    question = c.one((WHERE, WHEN, WHY))
    tense = c.one(("past", "future", "present", "near", "now" if question != WHEN else "past"))
    return asked(clause.but(tail=(), tense=c.live(clause.verb, tense), ask=question))


def what(c: Choices) -> Template:
    """What did you see yesterday? Who will they invite?"""
    tense = c.one(WHEN_TENSES)
    if c.chance(0.6):
        subject = c.person() if c.chance(0.6) else c.name()
        clause = Clause(subject, lex.verb(c.one(WHAT_VERBS), "act"), ask=WHAT)
    else:
        clause = Clause(c.person(), lex.verb(c.one(WHOM_VERBS), "act"), ask=WHOM)
    tense = c.live(clause.verb, tense)
    clause = clause.but(tense=tense)
    return asked(clause.but(tail=(c.when(tense),)) if c.chance(0.4) else clause)


def who(c: Choices) -> Template:
    """Who ate the cake?"""
    tense = c.one(("past", "past", "future", "now"))
    clause = c.action(Quantity("who"))
    tense = c.live(clause.verb, tense)
    clause = clause.but(tense=tense)
    word = clause.verb.en
    return asked(clause.but(tail=(c.when(tense),)) if word.base == word.past or c.chance(0.2) else clause)


def where_is(c: Choices) -> Template:
    """Where are my keys?"""
    noun = c.one(lex.NOUNS[c.one((*THINGS, "building"))])
    return asked(Clause(c.thing(noun, det=c.one(("the", "my", "your", "our"))), lex.BE, ask=WHERE))


def command(c: Choices) -> Template:
    """Give it to me! Don't open the window, please. Let's go out."""
    subject = YOU if c.chance(0.75) else WE
    clause = c.action(subject)
    while clause.verb.en.base in UNCOMMANDED:
        clause = c.action(subject)
    clause = clause.but(tense="command", tail=(), polarity="not" if c.chance(0.3) else "yes")
    if subject == YOU and c.chance(0.3):
        return template("{c}, please.", "{c}, s'il vous plaît.", "{c}, per favore.", c=clause)
    return template("{c}!", "{c}!", "{c}!", c=clause) if c.chance(0.4) else stated(clause)
