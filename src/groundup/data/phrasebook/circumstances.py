"""Sentences about hours, dates, weather, languages, games, and polite formulas."""

from groundup.data.phrasebook import clock
from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook import phrases as ph
from groundup.data.phrasebook.choices import Choices, asked, stated
from groundup.data.phrasebook.draw import POSSESSIVES
from groundup.data.phrasebook.lexicon import own_verb
from groundup.data.phrasebook.meaning import Clause, Fixed, Name, Noun, Template, Thing, template
from groundup.data.phrasebook.whereabouts import country

LEAVE = own_verb("leave left left", "partir", "partire")
ARRIVE = own_verb("arrive arrived arrived", "arriver", "arrivare")
OPEN = own_verb("open opened opened", "ouvrir", "aprire")
CLOSE = own_verb("close closed closed", "fermer", "chiudere")
BEGIN = own_verb("begin began begun", "commencer", "cominciare")
FINISH = own_verb("finish finished finished", "finir", "finire")
BORN = own_verb("be born was born born born", "naître", "nascere")
SPEAK = own_verb("speak spoke spoken", "parler", "parlare")
PLAY = own_verb("play played played", "jouer", "giocare")
PERFORM = own_verb("play played played", "jouer", "suonare")
OPENING = "shop museum library bank pharmacy restaurant post_office bakery theatre swimming_pool stadium school park"
BIRTHDAY = Noun("event", lex.noun("party").en._replace(singular="birthday", plural="birthdays"),
                lex.noun("film").fr._replace(singular="anniversaire", plural="anniversaires"),
                lex.noun("match").fr._replace(singular="compleanno", plural="compleanni"))  # fmt: skip


def hour(c: Choices) -> Template:
    """It is half past three. The train leaves at ten to four."""
    if c.chance(0.3):
        return stated(clock.is_now(c.hour()))
    tense = c.one(("present", "past", "future"))
    if c.chance(0.4):
        clause = Clause(Thing(c.one(lex.NOUNS["transport"])), c.one((LEAVE, ARRIVE)), tense=tense)
    elif c.chance(0.5):
        clause = Clause(Thing(c.one(lex.chosen(OPENING))), c.one((OPEN, CLOSE)), tense=tense)
    else:
        clause = Clause(Thing(c.one(lex.chosen("event lesson exam"))), c.one((BEGIN, FINISH)), tense=tense)
    if c.chance(0.25):
        return asked(clause.but(ask=Fixed("what time", "à quelle heure", "a che ora")))
    return stated(clause.but(tail=(clock.at(c.hour()),)))


def day(c: Choices) -> Template:
    """Today is Monday the third of May. My birthday is on the first of June."""
    month, weekday = c.up_to(11), c.one(ph.WEEKDAYS)
    n = c.up_to(clock.DAYS[month], 1)
    date, on = clock.date(n, month), clock.on_date(n, month)
    draw = c.rng.random()
    if draw < 0.35:
        plain = date.it.removeprefix("il ").removeprefix("l'")
        whole = Fixed(
            f"{weekday.en} {date.en}", f"le {weekday.fr} {date.fr.removeprefix('le ')}", f"{weekday.it} {plain}"
        )
        return stated(template("today is {d}", "nous sommes {d}", "oggi è {d}", d=whole))
    if draw < 0.7:
        event = c.one(("birthday/anniversaire m/compleanno m", "party/fête f/festa f", "exam/examen m/esame m"))
        noun = lex.noun(event.split("/")[0]) if not event.startswith("b") else BIRTHDAY
        thing = Thing(noun, det=c.one(POSSESSIVES)) if c.chance(0.7) else Thing(noun, owner=c.name())
        return stated(Clause(thing, lex.BE, tail=(on,), tense=c.one(("present", "past"))))
    year = Fixed(*[str(c.up_to(2025, 1900))] * 3)
    if draw < 0.85:
        tail = template("in {y}", "en {y}", "nel {y}", y=year)
        return stated(Clause(c.subject(), BORN, tense="past", tail=(tail,)))
    return stated(Clause(c.subject(), BORN, tense="past", tail=(on, year)))


def weather(c: Choices) -> Template:
    """It was snowing in Paris yesterday."""
    row = Fixed(*c.one(ph.WEATHER)[:3])
    tense = "future" if " will " in row.en else "past" if " was " in row.en else "present"
    where = c.one(ph.CITIES) if c.chance(0.6) else None
    place = template("in {x}", "à {x}", "a {x}", x=where) if where else Fixed(*country(c)[0])
    time = {"past": ph.PAST, "future": ph.FUTURE, "present": (*ph.HABIT[10:15], *ph.NOW, ph.NOW[2])}[tense]
    tail = (
        c.one(time) if c.chance(0.7) else clock.on_day(c.up_to(6)) if tense != "present" else clock.on_days(c.up_to(6))
    )
    if c.chance(0.25):
        return stated(template("{w} {t}", "{w} {t}", "{w} {t}", w=row, t=tail))
    if c.chance(0.3):
        return stated(template("{w} {p}", "{w} {p}", "{w} {p}", w=row, p=place))
    return stated(template("{w} {p} {t}", "{w} {p} {t}", "{w} {p} {t}", w=row, p=place, t=tail))


def tongue(c: Choices) -> Template:
    """She speaks Italian well. Do you speak Greek?"""
    noun = c.one(lex.NOUNS["tongue"])
    spoken = Thing(noun, det="bare")
    if c.chance(0.3):
        return asked(Clause(c.subject(), SPEAK, spoken, ask="yes/no"))
    well = template("{x} {m}", "{m} {x}", "{m} {y}", x=spoken, y=Thing(noun), m=c.one(ph.MANNER[2:4]))
    clause = Clause(c.subject(), SPEAK, well if c.chance(0.5) else spoken)
    return stated(clause.but(polarity="not" if c.chance(0.3) else "yes", tense="present"))


def game(c: Choices) -> Template:
    """He plays the violin every day. Let's play cards."""
    if c.chance(0.5):
        noun = c.one(lex.NOUNS["sport"])
        thing = Thing(noun, det="generic")
        played, verb = template("{x}", "{x:à}", "a {y}", x=thing, y=Thing(noun, det="bare")), PLAY
    else:
        thing, verb = Thing(c.one(lex.NOUNS["instrument"])), PERFORM
        played = template("{x}", "{x:de}", "{x}", x=thing)
    clause = Clause(c.subject(), verb, played)
    if c.chance(0.25):
        frame, name = c.one(
            (("wish", "know how to"), ("wish", "want to"), ("auxiliary", "learn to"), ("would", "would like to"))
        )
        return stated(c.timed(clause.but(through=lex.verb(name, frame))))
    return stated(c.timed(clause))


def polite(c: Choices) -> Template:
    """Good morning, Mr Rossi. Thank you for the flowers. I would like a coffee, please."""
    draw = c.rng.random()
    if draw < 0.25:
        lady, name = c.chance(0.5), c.one(ph.SURNAMES)
        who = Fixed("Mrs", "madame", "signora") if lady else Fixed("Mr", "monsieur", "signor")
        wish = c.one(ph.GREETINGS)
        return stated(template("{g}, {w} {n}", "{g}, {w} {n}", "{g}, {w} {n}", g=wish, w=who, n=name))
    if draw < 0.5:
        thing = c.thing(c.one(lex.chosen("thing food text dish drink")), det=c.one(("the", "this", "your")))
        return stated(template("thank you for {x}", "merci pour {x}", "grazie per {x}", x=thing))
    if draw < 0.7:
        name = c.name()
        mine = c.one(
            (
                ("my", "je m'appelle", "mi chiamo"),
                ("his", "il s'appelle", "si chiama"),
                ("her", "elle s'appelle", "si chiama"),
            )
        )
        if mine[0] != "my":
            name = Name(c.one(ph.MEN if mine[0] == "his" else ph.WOMEN), "m")
        return stated(template(f"{mine[0]} name is {{n}}", f"{mine[1]} {{n}}", f"{mine[2]} {{n}}", n=name))
    noun = c.one(lex.chosen("food drink dish clothing"))
    thing = c.thing(noun, det=c.one(("some" if noun.en.only else "a", "count" if noun.en.only is None else "some")))
    if draw < 0.75:
        thing = Thing(c.one(lex.NOUNS["dish"]), det="some")
    return template(
        "I would like {x}, please.", "je voudrais {x}, s'il vous plaît.", "vorrei {x}, per favore.", x=thing
    )  # fmt: skip
