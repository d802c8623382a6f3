"""Sentences about places: on the table, in Rome, to the market, from Greece."""

from groundup.phrasebook import lexicon as lex
from groundup.phrasebook import phrases as ph
from groundup.phrasebook.grammar.language import gender_number
from groundup.phrasebook.grammar.tree import Clause, NounPhrase, Phrase, Template, template
from groundup.phrasebook.lexicon import make_verb
from groundup.phrasebook.sentences.clause_sampler import ClauseSampler, full_stop, question_mark
from groundup.phrasebook.sentences.sampler import POSSESSIVES

SMALL = lex.nouns("thing text food clothing")
SUPPORTS = lex.nouns("table chair bed sofa armchair wardrobe shelf desk bench stool")
CONTAINERS = lex.nouns("bag suitcase box drawer basket backpack wardrobe cupboard")
LOCATIONS = (
    ("on {y}", "sur {y}", "{y:su}"),
    ("under {y}", "sous {y}", "sotto {y}"),
    ("behind {y}", "derrière {y}", "dietro {y}"),
    ("in front of {y}", "devant {y}", "davanti {y:a}"),
    ("next to {y}", "à côté {y:de}", "accanto {y:a}"),
    ("near {y}", "près {y:de}", "vicino {y:a}"),
)
GO = make_verb("go went gone", "aller", "andare")
LIVE = make_verb("live lived lived", "habiter", "abitare")
WORK = make_verb("work worked worked", "travailler", "lavorare")
STAY = make_verb("stay stayed stayed", "rester", "rimanere")
COME = make_verb("come came come", "venir", "venire")
WAIT = make_verb("wait waited waited", "attendre", "aspettare")
SLEEP = make_verb("sleep slept slept", "dormir", "dormire")
EAT = make_verb("eat ate eaten", "manger", "mangiare")
STUDY = make_verb("study studied studied", "étudier", "studiare")
BACK = make_verb("come back came back come back", "revenir", "tornare")


def _place(s: ClauseSampler) -> Template:
    """on the table, in my bag."""
    if s.chance(0.3):
        thing = s.noun_phrase(s.pick(CONTAINERS), adjectives=0.1, det=s.pick(("the", "my", "your")), plural=False)
        return template("in {y}", "dans {y}", "{y:in}", y=thing)
    thing = s.noun_phrase(s.pick(SUPPORTS), adjectives=0.1, det="the", plural=False)
    return template(*s.pick(LOCATIONS), y=thing)


def location(s: ClauseSampler) -> Template:
    """The keys are not on the table."""
    thing = s.noun_phrase(s.pick(SMALL), adjectives=0.4, det=s.pick(("the", *POSSESSIVES)))
    tense, polarity = s.pick(("present", "present", "past")), s.pick(("yes", "yes", "not"))
    return full_stop(s.with_time(Clause(thing, lex.BE, tense=tense, polarity=polarity, adjuncts=(_place(s),))))


def existence(s: ClauseSampler) -> Template:
    """There is some bread on the table. There are no lamps in the kitchen."""
    absent = s.chance(0.25)
    if s.chance(0.7):
        noun, place = s.pick(SMALL + tuple(lex.NOUNS["dish"][:12])), _place(s)
    else:
        noun = s.pick(lex.nouns("furniture person device dog cat mouse bird spider"))
        place = s.pick(ph.PLACES).at()
    thing = s.noun_phrase(
        noun, adjectives=0.4, det="no" if absent else s.pick(("some" if noun.en.only else "a", "count"))
    )
    if noun.en.only == "sg":
        thing = NounPhrase(noun, det="no" if absent else "some")
    past, no = s.chance(0.3), "non " if absent else ""
    several, many = gender_number(noun.en, thing.plural)[1], gender_number(noun.it, thing.plural)[1]
    be = ("were" if several else "was") if past else "are" if several else "is"
    french = ("il n'y avait pas" if absent else "il y avait") if past else "il n'y a pas" if absent else "il y a"
    italian = ("c'erano" if many else "c'era") if past else "ci sono" if many else "c'è"
    return full_stop(
        template(f"there {be} {{x}} {{p}}", f"{french} {{x}} {{p}}", f"{no}{italian} {{x}} {{p}}", x=thing, p=place)
    )


def nearest(s: ClauseSampler) -> Template:
    """Where is the nearest bank?"""
    names = "bank pharmacy post_office hotel restaurant museum hospital bakery park church library shop theatre school"
    thing = NounPhrase(s.pick(lex.nouns(names)))
    near = "vicina" if thing.noun.it.gender == "f" else "vicino"
    most = "la plus proche" if thing.noun.fr.gender == "f" else "le plus proche"
    name = thing.noun.en.singular
    if s.chance(0.4):
        return template(
            f"excuse me, where is the nearest {name}?",
            f"excusez-moi, où est {{x}} {most}?",
            f"scusa, dov'è {{x}} più {near}?",
            x=thing,
        )
    return template(f"where is the nearest {name}?", f"où est {{x}} {most}?", f"dov'è {{x}} più {near}?", x=thing)


MOVES = (
    *[(verb, "in") for verb in (LIVE, WORK, STAY, WAIT, SLEEP, EAT, STUDY)],
    *[(GO, "to"), (GO, "to"), (COME, "from"), (BACK, "from")],
)


def _where(s: ClauseSampler, kind: str) -> Phrase:
    """in, to or from a city, a country or a place nearby."""
    draw = s.rng.random()
    if draw < 0.3:
        city = s.pick(ph.CITIES)
        prepositions = {"in": ("à", "a"), "to": ("à", "a"), "from": ("de", "da")}[kind]
        return Phrase(f"{kind} {city.en}", f"{prepositions[0]} {city.fr}", f"{prepositions[1]} {city.it}")
    if draw < 0.55:
        return s.pick(ph.COUNTRIES).phrase(kind)
    place = s.pick(ph.PLACES)
    return place.at() if kind == "in" else place.towards(kind)


def stay_or_move(s: ClauseSampler) -> Template:
    """She comes from Greece. We went to the market on Friday."""
    verb, kind = s.pick(MOVES)
    where = _where(s, kind)
    if kind == "in" and s.chance(0.3):
        tense, polarity = s.pick(("present", "past", "future")), s.pick(("yes", "not"))
        return full_stop(s.with_time(Clause(s.subject(), lex.BE, tense=tense, polarity=polarity, adjuncts=(where,))))
    if s.chance(0.2):
        clause = Clause(s.subject(), verb, adjuncts=(where,), ask="yes/no")
        return question_mark(clause.replace(tense=s.pick(("present", "past", "future"))))
    if verb is GO and s.chance(0.35):
        frame, name = s.pick(
            (
                ("infinitive-stative", "want to"),
                ("infinitive-stative", "have to"),
                ("conditional", "would like to"),
                ("modal", "can"),
            )
        )
        return full_stop(s.with_tense(Clause(s.subject(), verb, adjuncts=(where,), governing=lex.verb(name, frame))))
    clause = s.with_tense(Clause(s.subject(), verb, adjuncts=(where,)))
    return full_stop(clause.replace(tense="future") if verb is GO and clause.tense == "near" else clause)


def duration(s: ClauseSampler) -> Template:
    """I have lived in Rome for ten years: j'habite à Rome depuis dix ans, abito a Roma da dieci anni."""
    verb = s.pick((LIVE, WORK, WAIT, STUDY))
    where, time = _where(s, "in"), s.duration()
    clause = Clause(s.subject(), verb, adjuncts=(where, time))
    return full_stop(template("{e}", "{f}", "{f}", e=clause.replace(tense="perfect"), f=clause))
