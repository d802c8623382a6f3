"""Sentences about where: on the table, in Rome, to the market, from Greece."""

from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook import phrases as ph
from groundup.data.phrasebook.choices import Choices, asked, stated
from groundup.data.phrasebook.draw import POSSESSIVES
from groundup.data.phrasebook.lexicon import own_verb
from groundup.data.phrasebook.meaning import Clause, Fixed, Template, Thing, template
from groundup.data.phrasebook.speaker import numbers

SMALL = lex.chosen("thing text food clothing")
SUPPORTS = lex.chosen("table chair bed sofa armchair wardrobe shelf desk bench stool")
CONTAINERS = lex.chosen("bag suitcase box drawer basket backpack wardrobe cupboard")
LOCATIONS = (
    ("on {y}", "sur {y}", "{y:su}"),
    ("under {y}", "sous {y}", "sotto {y}"),
    ("behind {y}", "derrière {y}", "dietro {y}"),
    ("in front of {y}", "devant {y}", "davanti {y:a}"),
    ("next to {y}", "à côté {y:de}", "accanto {y:a}"),
    ("near {y}", "près {y:de}", "vicino {y:a}"),
)
GO = own_verb("go went gone", "aller", "andare")
LIVE = own_verb("live lived lived", "habiter", "abitare")
WORK = own_verb("work worked worked", "travailler", "lavorare")
STAY = own_verb("stay stayed stayed", "rester", "rimanere")
COME = own_verb("come came come", "venir", "venire")
WAIT = own_verb("wait waited waited", "attendre", "aspettare")
SLEEP = own_verb("sleep slept slept", "dormir", "dormire")
EAT = own_verb("eat ate eaten", "manger", "mangiare")
STUDY = own_verb("study studied studied", "étudier", "studiare")
BACK = own_verb("come back came back come back", "revenir", "tornare")


def _place(c: Choices) -> Template:
    """on the table, in my bag."""
    if c.chance(0.3):
        thing = c.thing(c.one(CONTAINERS), adjectives=0.1, det=c.one(("the", "my", "your")), plural=False)
        return template("in {y}", "dans {y}", "{y:in}", y=thing)
    thing = c.thing(c.one(SUPPORTS), adjectives=0.1, det="the", plural=False)
    return template(*c.one(LOCATIONS), y=thing)


def located(c: Choices) -> Template:
    """The keys are not on the table."""
    thing = c.thing(c.one(SMALL), adjectives=0.4, det=c.one(("the", *POSSESSIVES)))
    tense, polarity = c.one(("present", "present", "past")), c.one(("yes", "yes", "not"))
    return stated(c.dated(Clause(thing, lex.BE, tense=tense, polarity=polarity, tail=(_place(c),))))


def there_is(c: Choices) -> Template:
    """There is some bread on the table. There are no lamps in the kitchen."""
    absent = c.chance(0.25)
    if c.chance(0.7):
        noun, place = c.one(SMALL + tuple(lex.NOUNS["dish"][:12])), _place(c)
    else:
        noun = c.one(lex.chosen("furniture person device dog cat mouse bird spider"))
        row = c.one(ph.PLACES)
        place = Fixed(row[0], row[1], row[3])
    thing = c.thing(noun, adjectives=0.4, det="no" if absent else c.one(("some" if noun.en.only else "a", "count")))
    if noun.en.only == "sg":
        thing = Thing(noun, det="no" if absent else "some")
    past, no = c.chance(0.3), "non " if absent else ""
    several, many = numbers(noun.en, thing.plural)[1], numbers(noun.it, thing.plural)[1]
    be = ("were" if several else "was") if past else "are" if several else "is"
    french = ("il n'y avait pas" if absent else "il y avait") if past else "il n'y a pas" if absent else "il y a"
    italian = ("c'erano" if many else "c'era") if past else "ci sono" if many else "c'è"
    return stated(
        template(f"there {be} {{x}} {{p}}", f"{french} {{x}} {{p}}", f"{no}{italian} {{x}} {{p}}", x=thing, p=place)
    )


def nearest(c: Choices) -> Template:
    """Where is the nearest bank?"""
    names = "bank pharmacy post_office hotel restaurant museum hospital bakery park church library shop theatre school"
    thing = Thing(c.one(lex.chosen(names)))
    near = "vicina" if thing.noun.it.gender == "f" else "vicino"
    most = "la plus proche" if thing.noun.fr.gender == "f" else "le plus proche"
    name = thing.noun.en.singular
    if c.chance(0.4):
        return template(
            f"excuse me, where is the nearest {name}?",
            f"excusez-moi, où est {{x}} {most}?",
            f"scusa, dov'è {{x}} più {near}?",
            x=thing,
        )
    return template(f"where is the nearest {name}?", f"où est {{x}} {most}?", f"dov'è {{x}} più {near}?", x=thing)


def country(c: Choices) -> tuple[tuple[str, str, str], tuple[str, str, str], str]:
    """in a country, from a country, its English name."""
    name, inside, away, dentro, da = c.one(ph.COUNTRIES)
    return (f"in {name}", inside, dentro), (f"from {name}", away, da), name


MOVES = (
    *[(verb, "in") for verb in (LIVE, WORK, STAY, WAIT, SLEEP, EAT, STUDY)],
    *[(GO, "to"), (GO, "to"), (COME, "from"), (BACK, "from")],
)


def _where(c: Choices, kind: str) -> Fixed:
    """A place: in, to or from a city, a country, or somewhere near."""
    draw = c.rng.random()
    if draw < 0.3:
        city = c.one(ph.CITIES)
        prepositions = {"in": ("à", "a"), "to": ("à", "a"), "from": ("de", "da")}[kind]
        return Fixed(f"{kind} {city.en}", f"{prepositions[0]} {city.fr}", f"{prepositions[1]} {city.it}")
    if draw < 0.55:
        inside, away, name = country(c)
        return Fixed(*away) if kind == "from" else Fixed(f"{kind} {name}", *inside[1:])
    at, fr, from_fr, it, from_it = c.one(ph.PLACES)
    if kind == "in":
        return Fixed(at, fr, it)
    name = at.partition(" ")[2]
    return Fixed(f"{kind} {name}", *((fr, it) if kind == "to" else (from_fr, from_it)))


def place(c: Choices) -> Template:
    """She comes from Greece. We went to the market on Friday."""
    verb, kind = c.one(MOVES)
    where = _where(c, kind)
    if kind == "in" and c.chance(0.3):
        tense, polarity = c.one(("present", "past", "future")), c.one(("yes", "not"))
        return stated(c.dated(Clause(c.subject(), lex.BE, tense=tense, polarity=polarity, tail=(where,))))
    if c.chance(0.2):
        clause = Clause(c.subject(), verb, tail=(where,), ask="yes/no")
        return asked(clause.but(tense=c.one(("present", "past", "future"))))
    if verb is GO and c.chance(0.35):
        frame, name = c.one((("wish", "want to"), ("wish", "have to"), ("would", "would like to"), ("modal", "can")))
        return stated(c.timed(Clause(c.subject(), verb, tail=(where,), through=lex.verb(name, frame))))
    clause = c.timed(Clause(c.subject(), verb, tail=(where,)))
    return stated(clause.but(tense="future") if verb is GO and clause.tense == "near" else clause)


def since(c: Choices) -> Template:
    """I have lived in Rome for ten years: j'habite à Rome depuis dix ans, abito a Roma da dieci anni."""
    verb = c.one((LIVE, WORK, WAIT, STUDY))
    where, time = _where(c, "in"), c.duration()
    clause = Clause(c.subject(), verb, tail=(where, time))
    return stated(template("{e}", "{f}", "{f}", e=clause.but(tense="perfect"), f=clause))
