"""Sentences about numbers: arithmetic, prices, counts, ages, measures and quantities."""

from groundup.phrasebook import lexicon as lex
from groundup.phrasebook import phrases as ph
from groundup.phrasebook.grammar import numerals
from groundup.phrasebook.grammar.language import gender_number
from groundup.phrasebook.grammar.tree import Clause, NounPhrase, Phrase, Template, template
from groundup.phrasebook.lexicon import make_verb
from groundup.phrasebook.sentences.clause_sampler import ClauseSampler, full_stop, question_mark

AGE = make_verb("be was been", "avoir", "avere", "be")
MEASURED = [
    (
        "apple pear orange potato carrot onion tomato cherry peach olive meat cheese rice pasta flour sugar fish",
        Phrase("a kilo of", "un kilo", "un chilo"),
    ),
    ("apple potato orange onion walnut lemon", Phrase("a bag of", "un sac", "un sacchetto")),
    ("apple pear cherry strawberry mushroom peach plum", Phrase("a basket of", "un panier", "un cestino")),
    ("chocolate sweet biscuit", Phrase("a box of", "une boîte", "una scatola")),
    ("bread cheese meat chocolate ham", Phrase("a piece of", "un morceau", "un pezzo")),
    ("water wine milk tea beer cider orange_juice", Phrase("a glass of", "un verre", "un bicchiere")),
    (
        "water wine milk beer cider champagne lemonade oil vinegar",
        Phrase("a bottle of", "une bouteille", "una bottiglia"),
    ),
    ("coffee tea cocoa herbal_tea", Phrase("a cup of", "une tasse", "una tazza")),
]
STORE = [
    lex.verb(name, frame)
    for name, frame in (("have", "stative"), ("want", "stative"), ("buy", "transitive"), ("sell", "transitive"))
]
CHOOSE = [
    lex.verb("choose", "transitive"),
    lex.verb("want", "stative"),
    lex.verb("buy", "transitive"),
    lex.verb("look for", "transitive"),
]
COST = make_verb("cost cost cost", "coûter", "costare")


def _spelt(n: int) -> Phrase:
    return Phrase(numerals.english(n), numerals.french(n), numerals.italian(n))


def _number(s: ClauseSampler) -> int:
    """A random number; small ones are as frequent as large ones."""
    return s.up_to(s.pick((30, 100, 100, 1000, 10_000, 999_999)) - 1)


def number(s: ClauseSampler) -> Template:
    """The number is three hundred and five."""
    n = _spelt(_number(s))
    return (
        full_stop(template("the number is {n}", "le nombre est {n}", "il numero è {n}", n=n))
        if s.chance(0.3)
        else full_stop(n)
    )


def arithmetic(s: ClauseSampler) -> Template:
    """Seven plus eight is fifteen."""
    a, b = s.up_to(60), s.up_to(60)
    sign, result = s.pick(
        (("plus/plus/più", a + b), ("minus/moins/meno", a - b), ("times/fois/per", a % 13 * (b % 13)))
    )
    if sign[0] == "t":
        a, b = a % 13, b % 13
    if result < 0:
        a, b, result = b, a, -result
    en, fr, it = sign.split("/")
    slots = {"a": _spelt(a), "b": _spelt(b), "r": _spelt(result)}
    return full_stop(
        template(f"{{a}} {en} {{b}} is {{r}}", f"{{a}} {fr} {{b}} font {{r}}", f"{{a}} {it} {{b}} fa {{r}}", **slots)
    )


def price(s: ClauseSampler) -> Template:
    """This hat costs thirty euros. How much do these shoes cost?"""
    noun = s.pick(lex.nouns("clothing thing furniture device food"))
    thing = s.noun_phrase(noun, adjectives=0.15, det=s.pick(("the", "this", "that")), plural=s.chance(0.3))
    if s.chance(0.3):
        do = "do" if gender_number(noun.en, thing.plural)[1] else "does"
        fr = "coûtent" if gender_number(noun.fr, thing.plural)[1] else "coûte"
        it = "costano" if gender_number(noun.it, thing.plural)[1] else "costa"
        return question_mark(
            template(f"how much {do} {{x}} cost", f"combien {fr} {{x}}", f"quanto {it} {{x}}", x=thing)
        )
    euros = s.up_to(s.pick((20, 100, 1000)), 2)
    sum_ = template("{n} euros", "{n} euros", "{n} euro", n=_spelt(euros))
    if s.chance(0.3):
        cents = _spelt(5 * s.up_to(19, 1))
        sum_ = template("{n} and {m} cents", "{n} et {m} centimes", "{n} e {m} centesimi", n=sum_, m=cents)
    return full_stop(Clause(thing, COST, adjuncts=(sum_,)))


def count(s: ClauseSampler) -> Template:
    """There are four hundred and two books in the library."""
    noun = s.pick(lex.nouns("person job book chair cup box bottle table tree flower horse bird cow car"))
    noun = noun if noun.en.only is None else lex.noun("book")
    place, count = s.pick(ph.PLACES).at(), s.up_to(s.pick((100, 1000, 3000)), 21)
    thing = NounPhrase(noun, True, "count", (), count)
    if s.chance(0.3):
        return full_stop(template("there were {x} {p}", "il y avait {x} {p}", "c'erano {x} {p}", x=thing, p=place))
    return full_stop(template("there are {x} {p}", "il y a {x} {p}", "ci sono {x} {p}", x=thing, p=place))


def age(s: ClauseSampler) -> Template:
    """She is thirty years old. How old is your brother?"""
    subject = s.subject()
    if s.chance(0.25):
        tense = s.pick(("present", "present", "past"))
        return question_mark(Clause(subject, AGE, ask=Phrase("how old", "quel âge", "quanti anni"), tense=tense))
    n = s.up_to(99, 2)
    old, ans, anni = f"{numerals.english(n)} years old", f"{numerals.french(n)} ans", f"{numerals.italian(n)} anni"
    verb = AGE._replace(en=AGE.en._replace(rest=old), fr=AGE.fr._replace(rest=ans), it=AGE.it._replace(rest=anni))
    return full_stop(Clause(subject, verb, tense=s.pick(("present", "present", "past", "future"))))


def measure(s: ClauseSampler) -> Template:
    """She bought a kilo of apples."""
    names, measure = s.pick(MEASURED)
    noun = s.pick(lex.nouns(names))
    thing = NounPhrase(noun, noun.en.only is None, "bare")
    amount = template(f"{measure.en} {{x}}", f"{measure.fr} {{x:de}}", f"{measure.it} {{x:di}}", x=thing)
    served = measure.en.startswith(("a cup", "a glass"))
    verb = lex.verb(s.pick(("drink", "order") if served else ("buy", "sell")), "transitive")
    return full_stop(s.with_tense(Clause(s.subject(), verb, amount), negation=0.1))


def quantity(s: ClauseSampler) -> Template:
    """How many apples do you want? We have too much furniture. Which book do you want?"""
    noun = s.pick(lex.nouns("food dish drink thing clothing text furniture animal"))
    mass = noun.en.only == "sg"
    plural = not mass
    draw = s.rng.random()
    verb = lex.verb("have", "stative") if noun.kind in ("furniture", "animal") else s.pick((*STORE,))
    if draw < 0.3:
        how = NounPhrase(noun, plural, "how much")
        return question_mark(Clause(s.pronoun(), verb, ask=how, tense=s.pick(("present", "future"))))
    if draw < 0.45 and not mass:
        which = NounPhrase(noun, noun.en.only is None and s.chance(0.3), "which")
        return question_mark(Clause(s.pronoun(), s.pick(CHOOSE), ask=which, tense=s.pick(("present", "future"))))
    det = s.pick(("a lot of", "too much", "enough") if mass else ("a lot of", "too much", "enough", "several", "a few"))
    tense = s.pick(("present", "past", "future")) if verb.en.base != "sell" else "present"
    polarity = "not" if det in ("enough",) and s.chance(0.5) else "yes"
    return full_stop(
        s.with_time(Clause(s.subject(), verb, NounPhrase(noun, plural, det), tense=tense, polarity=polarity))
    )
