"""Sentences about numbers: sums, prices, counts, ages, measures and quantities."""

from groundup.data.phrasebook import lexicon as lex
from groundup.data.phrasebook import numerals
from groundup.data.phrasebook import phrases as ph
from groundup.data.phrasebook.choices import Choices, asked, stated
from groundup.data.phrasebook.lexicon import own_verb
from groundup.data.phrasebook.meaning import Clause, Fixed, Template, Thing, template
from groundup.data.phrasebook.speaker import numbers

AGE = own_verb("be was been", "avoir", "avere", "be")
MEASURED = [
    (
        "apple pear orange potato carrot onion tomato cherry peach olive meat cheese rice pasta flour sugar fish",
        Fixed("a kilo of", "un kilo", "un chilo"),
    ),
    ("apple potato orange onion walnut lemon", Fixed("a bag of", "un sac", "un sacchetto")),
    ("apple pear cherry strawberry mushroom peach plum", Fixed("a basket of", "un panier", "un cestino")),
    ("chocolate sweet biscuit", Fixed("a box of", "une boîte", "una scatola")),
    ("bread cheese meat chocolate ham", Fixed("a piece of", "un morceau", "un pezzo")),
    ("water wine milk tea beer cider orange_juice", Fixed("a glass of", "un verre", "un bicchiere")),
    (
        "water wine milk beer cider champagne lemonade oil vinegar",
        Fixed("a bottle of", "une bouteille", "una bottiglia"),
    ),
    ("coffee tea cocoa herbal_tea", Fixed("a cup of", "une tasse", "una tazza")),
]
STORE = [
    lex.verb(name, frame) for name, frame in (("have", "state"), ("want", "state"), ("buy", "act"), ("sell", "act"))
]
CHOOSE = [lex.verb("choose", "act"), lex.verb("want", "state"), lex.verb("buy", "act"), lex.verb("look for", "act")]
COST = own_verb("cost cost cost", "coûter", "costare")


def _spelt(n: int) -> Fixed:
    return Fixed(numerals.english(n), numerals.french(n), numerals.italian(n))


def _number(c: Choices) -> int:
    """Small numbers as often as large ones."""
    return c.up_to(c.one((30, 100, 100, 1000, 10_000, 999_999)) - 1)


def number(c: Choices) -> Template:
    """The number is three hundred and five."""
    n = _spelt(_number(c))
    return (
        stated(template("the number is {n}", "le nombre est {n}", "il numero è {n}", n=n))
        if c.chance(0.3)
        else stated(n)
    )


def sum_of(c: Choices) -> Template:
    """Seven plus eight is fifteen."""
    a, b = c.up_to(60), c.up_to(60)
    sign, result = c.one((("plus/plus/più", a + b), ("minus/moins/meno", a - b), ("times/fois/per", a % 13 * (b % 13))))
    if sign[0] == "t":
        a, b = a % 13, b % 13
    if result < 0:
        a, b, result = b, a, -result
    en, fr, it = sign.split("/")
    slots = {"a": _spelt(a), "b": _spelt(b), "r": _spelt(result)}
    return stated(
        template(f"{{a}} {en} {{b}} is {{r}}", f"{{a}} {fr} {{b}} font {{r}}", f"{{a}} {it} {{b}} fa {{r}}", **slots)
    )


def price(c: Choices) -> Template:
    """This hat costs thirty euros. How much do these shoes cost?"""
    noun = c.one(lex.chosen("clothing thing furniture device food"))
    thing = c.thing(noun, adjectives=0.15, det=c.one(("the", "this", "that")), plural=c.chance(0.3))
    if c.chance(0.3):
        do = "do" if numbers(noun.en, thing.plural)[1] else "does"
        fr = "coûtent" if numbers(noun.fr, thing.plural)[1] else "coûte"
        it = "costano" if numbers(noun.it, thing.plural)[1] else "costa"
        return asked(template(f"how much {do} {{x}} cost", f"combien {fr} {{x}}", f"quanto {it} {{x}}", x=thing))
    euros = c.up_to(c.one((20, 100, 1000)), 2)
    sum_ = template("{n} euros", "{n} euros", "{n} euro", n=_spelt(euros))
    if c.chance(0.3):
        cents = _spelt(5 * c.up_to(19, 1))
        sum_ = template("{n} and {m} cents", "{n} et {m} centimes", "{n} e {m} centesimi", n=sum_, m=cents)
    return stated(Clause(thing, COST, tail=(sum_,)))


def counted(c: Choices) -> Template:
    """There are four hundred and two books in the library."""
    noun = c.one(lex.chosen("person job book chair cup box bottle table tree flower horse bird cow car"))
    noun = noun if noun.en.only is None else lex.noun("book")
    row, count = c.one(ph.PLACES), c.up_to(c.one((100, 1000, 3000)), 21)
    place, thing = Fixed(row[0], row[1], row[3]), Thing(noun, True, "count", (), count)
    if c.chance(0.3):
        return stated(template("there were {x} {p}", "il y avait {x} {p}", "c'erano {x} {p}", x=thing, p=place))
    return stated(template("there are {x} {p}", "il y a {x} {p}", "ci sono {x} {p}", x=thing, p=place))


def age(c: Choices) -> Template:
    """She is thirty years old. How old is your brother?"""
    subject = c.subject()
    if c.chance(0.25):
        tense = c.one(("present", "present", "past"))
        return asked(Clause(subject, AGE, ask=Fixed("how old", "quel âge", "quanti anni"), tense=tense))
    n = c.up_to(99, 2)
    old, ans, anni = f"{numerals.english(n)} years old", f"{numerals.french(n)} ans", f"{numerals.italian(n)} anni"
    verb = AGE._replace(en=AGE.en._replace(rest=old), fr=AGE.fr._replace(rest=ans), it=AGE.it._replace(rest=anni))
    return stated(Clause(subject, verb, tense=c.one(("present", "present", "past", "future"))))


def measured(c: Choices) -> Template:
    """She bought a kilo of apples."""
    names, measure = c.one(MEASURED)
    noun = c.one(lex.chosen(names))
    thing = Thing(noun, noun.en.only is None, "bare")
    amount = template(f"{measure.en} {{x}}", f"{measure.fr} {{x:de}}", f"{measure.it} {{x:di}}", x=thing)
    served = measure.en.startswith(("a cup", "a glass"))
    verb = lex.verb(c.one(("drink", "order") if served else ("buy", "sell")), "act")
    return stated(c.timed(Clause(c.subject(), verb, amount), negation=0.1))


def amounts(c: Choices) -> Template:
    """How many apples do you want? We have too much furniture. Which book do you want?"""
    noun = c.one(lex.chosen("food dish drink thing clothing text furniture animal"))
    mass = noun.en.only == "sg"
    plural = not mass
    draw = c.rng.random()
    verb = lex.verb("have", "state") if noun.kind in ("furniture", "animal") else c.one((*STORE,))
    if draw < 0.3:
        how = Thing(noun, plural, "how much")
        return asked(Clause(c.person(), verb, ask=how, tense=c.one(("present", "future"))))
    if draw < 0.45 and not mass:
        which = Thing(noun, noun.en.only is None and c.chance(0.3), "which")
        return asked(Clause(c.person(), c.one(CHOOSE), ask=which, tense=c.one(("present", "future"))))
    det = c.one(("a lot of", "too much", "enough") if mass else ("a lot of", "too much", "enough", "several", "a few"))
    tense = c.one(("present", "past", "future")) if verb.en.base != "sell" else "present"
    polarity = "not" if det in ("enough",) and c.chance(0.5) else "yes"
    return stated(c.dated(Clause(c.subject(), verb, Thing(noun, plural, det), tense=tense, polarity=polarity)))
