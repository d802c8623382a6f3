"""Sentences in which somebody does something: statements, questions, commands."""

from groundup.phrasebook import lexicon as lex
from groundup.phrasebook import phrases as ph
from groundup.phrasebook.grammar.tree import WE, YOU, Clause, Indefinite, Phrase, Predicate, Template, template
from groundup.phrasebook.sentences.clause_sampler import WHEN_TENSES, ClauseSampler, full_stop, question_mark
from groundup.phrasebook.sentences.sampler import THINGS

WHERE = Phrase("where", "où", "dove")
WHEN = Phrase("when", "quand", "quando")
WHY = Phrase("why", "pourquoi", "perché")
WHAT = Phrase("what", "qu'est-ce que", "che cosa")
WHOM = Phrase("who", "qui", "chi")
NOTHING = "see hear find buy eat forget understand drink".split()
ANYONE = "see invite meet hear help".split()
WHAT_VERBS = ["eat", "drink", "buy", "sell", "look for", "read", "prepare", "draw", "write", "find", "choose", "learn"]
WHOM_VERBS = ["see", "invite", "meet", "help", "wait for", "call", "thank", "look for", "follow", "accompany"]
UNCOMMANDED = frozenset("fall faint suffer lie get arrive lose win miss receive hate lean".split())


def statement(s: ClauseSampler) -> Template:
    """Marie didn't buy the red car at the market yesterday."""
    clause = s.action()
    if clause.verb.frame == "transitive" and not clause.adjuncts and s.chance(0.25):
        clause = clause.replace(adjuncts=(s.pick(ph.PLACES).at(),))
    return full_stop(s.with_tense(clause))


def intransitive(s: ClauseSampler) -> Template:
    """We got up at six o'clock."""
    clause = s.with_tense(s.intransitive(s.subject()), time=0.7)
    return full_stop(clause)


def ditransitive(s: ClauseSampler) -> Template:
    """I didn't give it to her yesterday."""
    return full_stop(s.with_tense(s.ditransitive(s.subject())))


def stative(s: ClauseSampler) -> Template:
    """She no longer needs this car."""
    verb, subject = s.pick(lex.VERBS["stative"]), s.subject()
    return full_stop(s.with_tense(Clause(subject, verb, s.object(verb, subject, pronoun=0.1))))


def infinitive(s: ClauseSampler) -> Template:
    """I want to see it, they can't come, you should rest."""
    return full_stop(_with_infinitive(s))


def _with_infinitive(s: ClauseSampler) -> Clause:
    """A verb that takes another verb in the infinitive."""
    frame = s.pick(("infinitive-stative", "infinitive-stative", "infinitive", "modal", "conditional"))
    verb = s.pick([v for v in lex.VERBS[frame] if v.en.rest != "able to"])
    clause = s.action(s.subject()).replace(governing=verb)
    if frame == "modal" and s.chance(0.15):
        return clause.replace(governing=lex.verb("be able to", "modal"), tense="future")
    return s.with_tense(clause)


def indefinite(s: ClauseSampler) -> Template:
    """I didn't see anyone. Nobody came. Everyone is tired."""
    draw = s.rng.random()
    if draw < 0.45:
        return _no_object(s)
    which = s.pick(("everyone", "someone", "nobody"))
    tense = s.pick(("past", "past", "future", "present"))
    if draw < 0.6 and which != "someone":
        state = s.pick([a for a in lex.ADJECTIVES["state"] if "person" in a.suits and a.en[0] != "alone"])
        return full_stop(Clause(Indefinite(which), lex.BE, predicate=Predicate(state), tense=tense))
    return full_stop(s.action(Indefinite(which)).replace(tense=tense, adjuncts=(s.time(tense),)))


def _no_object(s: ClauseSampler) -> Template:
    nothing = s.chance(0.5)
    verb = lex.verb(s.pick(NOTHING if nothing else ANYONE), "transitive")
    tense = s.pick(("present", "past", "future"))
    clause = Clause(s.subject(), verb, tense=tense, polarity="nothing" if nothing else "nobody")
    return full_stop(clause.replace(adjuncts=(s.time(tense),)) if tense != "present" and s.chance(0.4) else clause)


def yes_no_question(s: ClauseSampler) -> Template:
    """Did you see the film yesterday?"""
    clause = s.with_tense(s.action(s.subject()), negation=0.0)
    if clause.tense in ("used", "just") or clause.polarity != "yes":
        clause = clause.replace(tense="present", polarity="yes")
    return question_mark(clause.replace(ask="yes/no"))


def modal_question(s: ClauseSampler) -> Template:
    """Can you help me? Do you want to come?"""
    frame, name = s.pick(
        (
            ("modal", "can"),
            ("conditional", "could"),
            ("infinitive-stative", "want to"),
            ("infinitive-stative", "know how to"),
        )
    )
    return question_mark(s.action(s.pronoun()).replace(governing=lex.verb(name, frame), ask="yes/no"))


def adverb_question(s: ClauseSampler) -> Template:
    """Where did you buy it? Why is Marie crying?"""
    person = s.chance(0.7)
    subject = s.pronoun() if person else s.name() if s.chance(0.5) else s.person_noun()
    clause = s.action(subject) if person else s.intransitive(subject)
    question = s.pick((WHERE, WHEN, WHY))
    tense = s.pick(("past", "future", "present", "near", "now" if question != WHEN else "past"))
    return question_mark(clause.replace(adjuncts=(), tense=s.allowed_tense(clause.verb, tense), ask=question))


def object_question(s: ClauseSampler) -> Template:
    """What did you see yesterday? Who will they invite?"""
    tense = s.pick(WHEN_TENSES)
    if s.chance(0.6):
        subject = s.pronoun() if s.chance(0.6) else s.name()
        clause = Clause(subject, lex.verb(s.pick(WHAT_VERBS), "transitive"), ask=WHAT)
    else:
        clause = Clause(s.pronoun(), lex.verb(s.pick(WHOM_VERBS), "transitive"), ask=WHOM)
    tense = s.allowed_tense(clause.verb, tense)
    clause = clause.replace(tense=tense)
    return question_mark(clause.replace(adjuncts=(s.time(tense),)) if s.chance(0.4) else clause)


def subject_question(s: ClauseSampler) -> Template:
    """Who ate the cake?"""
    tense = s.pick(("past", "past", "future", "now"))
    clause = s.action(Indefinite("who"))
    tense = s.allowed_tense(clause.verb, tense)
    clause = clause.replace(tense=tense)
    word = clause.verb.en
    return question_mark(
        clause.replace(adjuncts=(s.time(tense),)) if word.base == word.past or s.chance(0.2) else clause
    )


def where_question(s: ClauseSampler) -> Template:
    """Where are my keys?"""
    noun = s.pick(lex.NOUNS[s.pick((*THINGS, "building"))])
    return question_mark(Clause(s.noun_phrase(noun, det=s.pick(("the", "my", "your", "our"))), lex.BE, ask=WHERE))


def imperative(s: ClauseSampler) -> Template:
    """Give it to me! Don't open the window, please. Let's go out."""
    subject = YOU if s.chance(0.75) else WE
    clause = s.action(subject)
    while clause.verb.en.base in UNCOMMANDED:
        clause = s.action(subject)
    clause = clause.replace(tense="command", adjuncts=(), polarity="not" if s.chance(0.3) else "yes")
    if subject == YOU and s.chance(0.3):
        return template("{c}, please.", "{c}, s'il vous plaît.", "{c}, per favore.", c=clause)
    return template("{c}!", "{c}!", "{c}!", c=clause) if s.chance(0.4) else full_stop(clause)
