"""Sentences about clock times, dates, weather, languages and games, and polite phrases."""

from groundup.phrasebook import lexicon as lex
from groundup.phrasebook import phrases as ph
from groundup.phrasebook.grammar import dates
from groundup.phrasebook.grammar.tree import Clause, Name, Noun, NounPhrase, Phrase, Template, template
from groundup.phrasebook.lexicon import make_verb
from groundup.phrasebook.sentences.clause_sampler import ClauseSampler, full_stop, question_mark
from groundup.phrasebook.sentences.sampler import POSSESSIVES

LEAVE = make_verb("leave left left", "partir", "partire")
ARRIVE = make_verb("arrive arrived arrived", "arriver", "arrivare")
OPEN = make_verb("open opened opened", "ouvrir", "aprire")
CLOSE = make_verb("close closed closed", "fermer", "chiudere")
BEGIN = make_verb("begin began begun", "commencer", "cominciare")
FINISH = make_verb("finish finished finished", "finir", "finire")
BORN = make_verb("be born was born born born", "naître", "nascere")
SPEAK = make_verb("speak spoke spoken_language", "parler", "parlare")
PLAY = make_verb("play played played", "jouer", "giocare")
PERFORM = make_verb("play played played", "jouer", "suonare")
OPENING = "shop museum library bank pharmacy restaurant post_office bakery theatre swimming_pool stadium school park"
BIRTHDAY = Noun("event", lex.noun("party").en._replace(singular="birthday", plural="birthdays"),
                lex.noun("film").fr._replace(singular="anniversaire", plural="anniversaires"),
                lex.noun("match").fr._replace(singular="compleanno", plural="compleanni"))  # fmt: skip


def clock_time(s: ClauseSampler) -> Template:
    """It is half past three. The train leaves at ten to four."""
    if s.chance(0.3):
        return full_stop(dates.is_now(s.clock_time()))
    tense = s.pick(("present", "past", "future"))
    if s.chance(0.4):
        clause = Clause(NounPhrase(s.pick(lex.NOUNS["transport"])), s.pick((LEAVE, ARRIVE)), tense=tense)
    elif s.chance(0.5):
        clause = Clause(NounPhrase(s.pick(lex.nouns(OPENING))), s.pick((OPEN, CLOSE)), tense=tense)
    else:
        clause = Clause(NounPhrase(s.pick(lex.nouns("event lesson exam"))), s.pick((BEGIN, FINISH)), tense=tense)
    if s.chance(0.25):
        return question_mark(clause.replace(ask=Phrase("what time", "à quelle heure", "a che ora")))
    return full_stop(clause.replace(adjuncts=(dates.at(s.clock_time()),)))


def date(s: ClauseSampler) -> Template:
    """Today is Monday the third of May. My birthday is on the first of June."""
    month, weekday = s.up_to(11), s.pick(ph.WEEKDAYS)
    n = s.up_to(dates.DAYS[month], 1)
    date, on = dates.date(n, month), dates.on_date(n, month)
    draw = s.rng.random()
    if draw < 0.35:
        plain = date.it.removeprefix("il ").removeprefix("l'")
        whole = Phrase(
            f"{weekday.en} {date.en}", f"le {weekday.fr} {date.fr.removeprefix('le ')}", f"{weekday.it} {plain}"
        )
        return full_stop(template("today is {d}", "nous sommes {d}", "oggi è {d}", d=whole))
    if draw < 0.7:
        event = s.pick(("birthday/anniversaire m/compleanno m", "party/fête f/festa f", "exam/examen m/esame m"))
        noun = lex.noun(event.split("/")[0]) if not event.startswith("b") else BIRTHDAY
        thing = NounPhrase(noun, det=s.pick(POSSESSIVES)) if s.chance(0.7) else NounPhrase(noun, owner=s.name())
        return full_stop(Clause(thing, lex.BE, adjuncts=(on,), tense=s.pick(("present", "past"))))
    year = Phrase(*[str(s.up_to(2025, 1900))] * 3)
    if draw < 0.85:
        adjuncts = template("in {y}", "en {y}", "nel {y}", y=year)
        return full_stop(Clause(s.subject(), BORN, tense="past", adjuncts=(adjuncts,)))
    return full_stop(Clause(s.subject(), BORN, tense="past", adjuncts=(on, year)))


def weather(s: ClauseSampler) -> Template:
    """It was snowing in Paris yesterday."""
    row = s.pick(ph.WEATHER)
    tense = "future" if " will " in row.en else "past" if " was " in row.en else "present"
    where = s.pick(ph.CITIES) if s.chance(0.6) else None
    place = template("in {x}", "à {x}", "a {x}", x=where) if where else s.pick(ph.COUNTRIES).phrase("in")
    time = {"past": ph.PAST, "future": ph.FUTURE, "present": (*ph.HABIT[10:15], *ph.NOW, ph.NOW[2])}[tense]
    adjuncts = (
        s.pick(time) if s.chance(0.7) else dates.on_day(s.up_to(6)) if tense != "present" else dates.on_days(s.up_to(6))
    )
    if s.chance(0.25):
        return full_stop(template("{w} {t}", "{w} {t}", "{w} {t}", w=row, t=adjuncts))
    if s.chance(0.3):
        return full_stop(template("{w} {p}", "{w} {p}", "{w} {p}", w=row, p=place))
    return full_stop(template("{w} {p} {t}", "{w} {p} {t}", "{w} {p} {t}", w=row, p=place, t=adjuncts))


def language(s: ClauseSampler) -> Template:
    """She speaks Italian well. Do you speak Greek?"""
    noun = s.pick(lex.NOUNS["tongue"])
    spoken_language = NounPhrase(noun, det="bare")
    if s.chance(0.3):
        return question_mark(Clause(s.subject(), SPEAK, spoken_language, ask="yes/no"))
    well = template("{x} {m}", "{m} {x}", "{m} {y}", x=spoken_language, y=NounPhrase(noun), m=s.pick(ph.MANNER[2:4]))
    clause = Clause(s.subject(), SPEAK, well if s.chance(0.5) else spoken_language)
    return full_stop(clause.replace(polarity="not" if s.chance(0.3) else "yes", tense="present"))


def play(s: ClauseSampler) -> Template:
    """He plays the violin every day. Let's play cards."""
    if s.chance(0.5):
        noun = s.pick(lex.NOUNS["sport"])
        thing = NounPhrase(noun, det="generic")
        played, verb = template("{x}", "{x:à}", "a {y}", x=thing, y=NounPhrase(noun, det="bare")), PLAY
    else:
        thing, verb = NounPhrase(s.pick(lex.NOUNS["instrument"])), PERFORM
        played = template("{x}", "{x:de}", "{x}", x=thing)
    clause = Clause(s.subject(), verb, played)
    if s.chance(0.25):
        frame, name = s.pick(
            (
                ("infinitive-stative", "know how to"),
                ("infinitive-stative", "want to"),
                ("infinitive", "learn to"),
                ("conditional", "would like to"),
            )
        )
        return full_stop(s.with_tense(clause.replace(governing=lex.verb(name, frame))))
    return full_stop(s.with_tense(clause))


def courtesy(s: ClauseSampler) -> Template:
    """Good morning, Mr Rossi. Thank you for the flowers. I would like a coffee, please."""
    draw = s.rng.random()
    if draw < 0.25:
        lady, name = s.chance(0.5), s.pick(ph.SURNAMES)
        who = Phrase("Mrs", "madame", "signora") if lady else Phrase("Mr", "monsieur", "signor")
        wish = s.pick(ph.GREETINGS)
        return full_stop(template("{g}, {w} {n}", "{g}, {w} {n}", "{g}, {w} {n}", g=wish, w=who, n=name))
    if draw < 0.5:
        thing = s.noun_phrase(s.pick(lex.nouns("thing food text dish drink")), det=s.pick(("the", "this", "your")))
        return full_stop(template("thank you for {x}", "merci pour {x}", "grazie per {x}", x=thing))
    if draw < 0.7:
        name = s.name()
        mine = s.pick(
            (
                ("my", "je m'appelle", "mi chiamo"),
                ("his", "il s'appelle", "si chiama"),
                ("her", "elle s'appelle", "si chiama"),
            )
        )
        if mine[0] != "my":
            name = Name(s.pick(ph.MEN if mine[0] == "his" else ph.WOMEN), "m")
        return full_stop(template(f"{mine[0]} name is {{n}}", f"{mine[1]} {{n}}", f"{mine[2]} {{n}}", n=name))
    noun = s.pick(lex.nouns("food drink dish clothing"))
    thing = s.noun_phrase(
        noun, det=s.pick(("some" if noun.en.only else "a", "count" if noun.en.only is None else "some"))
    )
    if draw < 0.75:
        thing = NounPhrase(s.pick(lex.NOUNS["dish"]), det="some")
    return template(
        "I would like {x}, please.", "je voudrais {x}, s'il vous plaît.", "vorrei {x}, per favore.", x=thing
    )  # fmt: skip
