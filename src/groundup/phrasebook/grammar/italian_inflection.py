"""Italian inflection: articles and prepositions by sound, plurals by rule, verbs by three conjugations.

Irregular verbs are in `words/italian_verbs.tsv`.
"""

import re
from functools import cache

from groundup.phrasebook.tables import rows

VOWEL = "aeiouhàèéìòù"
_LO = re.compile(r"(?:s[^aeiouàèéìòù]|z|gn|ps|pn|x|y|champ)", re.IGNORECASE)
INVARIABLE = ("viola", "rosa", "blu")
# a, da, di, in, su contract with the article: the stem of the contracted form
_CONTRACTED = {"a": "a", "da": "da", "di": "de", "in": "ne", "su": "su"}


def sound(word: str) -> str:
    """The initial sound of a word, which decides its article: "vowel", "lo" (studente, zaino, gnomo) or "plain"."""
    if word[0].lower() in VOWEL:
        return "vowel"
    return "lo" if _LO.match(word) else "plain"


def the(gender: str, several: bool, following: str) -> str:
    """The definite article: il, lo, l', i, gli, la, le."""
    initial = sound(following)
    if gender == "f":
        return "le " if several else "l'" if initial == "vowel" else "la "
    if several:
        return "i " if initial == "plain" else "gli "
    return {"vowel": "l'", "lo": "lo ", "plain": "il "}[initial]


def a(gender: str, following: str) -> str:
    """The indefinite article: un, uno, una, un'."""
    initial = sound(following)
    if gender == "f":
        return "un'" if initial == "vowel" else "una "
    return "uno " if initial == "lo" else "un "


def that(gender: str, several: bool, following: str) -> str:
    """quello and bello follow the article: quel, quello, quell', quei, quegli, quella, quelle (without "qu")."""
    initial = sound(following)
    if gender == "f":
        return "elle " if several else "ell'" if initial == "vowel" else "ella "
    if several:
        return "ei " if initial == "plain" else "egli "
    return {"vowel": "ell'", "lo": "ello ", "plain": "el "}[initial]


def contract(preposition: str, phrase: str) -> str:
    """A preposition before a noun phrase: del, dello, dell', nel, sugli, alla; con and per do not contract."""
    stem = _CONTRACTED.get(preposition)
    found = re.match(r"(il|lo|la|i|gli|le) (?=\w)|(l')", phrase)
    if stem is None or found is None or phrase.startswith("loro"):
        return f"{preposition} {phrase}"
    article, rest = found[0].strip(), phrase[found.end() :]
    contracted = {"il": "l ", "i": "i ", "gli": "gli ", "lo": "llo ", "la": "lla ", "le": "lle ", "l'": "ll'"}
    return stem + contracted[article] + rest


def plural(word: str, gender: str) -> str:
    """The plural of a noun: libri, amiche, laghi, viaggi, camicie; accents and consonants do not change."""
    head, space, last = word.partition(" ")
    if space:  # the head of a compound is its first word: ufficio postale takes an explicit plural
        return plural(head, gender) + space + last
    if word[-1] not in "aeo":
        return word
    if gender == "f" and word.endswith("a"):
        if word.endswith(("cia", "gia")):  # ciliegie, arance: the i stays after a vowel
            return word[:-2] + "e" if word[-4] not in "aeiou" else word[:-1] + "e"
        return word[:-1] + ("he" if word[-2] in "cg" else "e")
    if word.endswith(("io", "cio", "gio")):
        return word[:-1]
    return word[:-1] + ("hi" if word.endswith(("co", "go", "ca", "ga")) else "i")


def inflections(word: str, masculine_plural: str | None = None) -> tuple[str, str, str, str]:
    """An adjective's masculine and feminine, singular and plural: bianco bianca bianchi bianche."""
    if " " in word or word in INVARIABLE:
        return word, word, word, word
    several = masculine_plural or plural(word, "m")
    if word.endswith("e"):
        return word, word, several, several
    feminine = word[:-1] + "a"
    return word, feminine, several, plural(feminine, "f")


def agreed(participle: str, gender: str, several: bool) -> str:
    """A past participle agreeing in gender and number."""
    return participle[:-1] + {"m": "oi", "f": "ae"}[gender][several]


# An infinitive: its present (six persons), future stem, participle, imperfect stem and imperative of tu; "" is regular.
_IRREGULAR = {infinitive: forms for infinitive, *forms in rows("italian_verbs")}
_ISC = frozenset(
    "finire capire pulire preferire restituire suggerire punire obbedire tossire costruire guarire".split()
)
# Participles of -ere and -ire verbs by the end of the infinitive, the longest first.
_PARTICIPLES = sorted(rows("italian_participles"), key=lambda row: -len(row[0]))
_FUTURE = "ò ai à emo ete anno".split()
_CONDITIONAL = "ei esti ebbe emmo este ebbero".split()
_IMPERFECT = "o i a amo ate ano".split()
_PRESENT = {
    "are": "o i a iamo ate ano".split(),
    "ere": "o i e iamo ete ono".split(),
    "ire": "o i e iamo ite ono".split(),
}


def _irregular(infinitive: str, part: int) -> str | None:
    return _IRREGULAR[infinitive][part] or None if infinitive in _IRREGULAR else None


def _joined(stem: str, ending: str) -> str:
    """Keep the sound of the stem: cerchi, paghi; mangi, studi and not mangii."""
    if ending[0] == "i" and stem.endswith("i"):
        return stem[:-1] + ending
    return stem + ending


@cache
def conjugate(infinitive: str, tense: str, person: int) -> str:
    """A form in the present, imperfect, future or conditional; persons 0..5 are io, tu, lui, noi, voi, loro."""
    stem, ending = infinitive[:-3], infinitive[-3:]
    hard = stem + "h" if ending == "are" and stem.endswith(("c", "g")) else stem
    if tense == "present":
        if forms := _irregular(infinitive, 0):
            return forms.split()[person]
        if infinitive in _ISC and person in (0, 1, 2, 5):
            return stem + "isc" + _PRESENT["ire"][person]
        suffix = _PRESENT[ending][person]
        return _joined(hard if suffix[0] == "i" else stem, suffix)
    if tense in ("future", "conditional"):
        soft = re.sub("([cg])i$", r"\1", hard)  # mangerò, lascerò
        stem = _irregular(infinitive, 1) or (soft + "er" if ending == "are" else infinitive[:-1])
        return stem + (_FUTURE if tense == "future" else _CONDITIONAL)[person]
    if infinitive == "essere":
        return ["ero", "eri", "era", "eravamo", "eravate", "erano"][person]
    return (_irregular(infinitive, 3) or infinitive[:-2] + "v") + _IMPERFECT[person]


@cache
def participle(infinitive: str) -> str:
    """The past participle, masculine singular."""
    if known := _irregular(infinitive, 2):
        return known
    for ending, form in _PARTICIPLES:
        if infinitive.endswith(ending):
            return infinitive[: -len(ending)] + form
    return infinitive[:-3] + {"are": "ato", "ere": "uto", "ire": "ito"}[infinitive[-3:]]


@cache
def gerund(infinitive: str) -> str:
    """The gerund: mangiando, facendo, bevendo, traducendo."""
    if infinitive in ("dare", "stare") or (infinitive.endswith("are") and infinitive != "fare"):
        return infinitive[:-3] + "ando"
    stem = _irregular(infinitive, 3)
    if infinitive == "riempire":
        return "riempiendo"
    return (stem[:-2] if stem and infinitive != "essere" else infinitive[:-3]) + "endo"


@cache
def command(infinitive: str, person: int) -> str:
    """The imperative of tu (1) and noi (3)."""
    if person == 1:
        if known := _irregular(infinitive, 4):
            return known
        if infinitive.endswith("are") and infinitive != "sciare":
            return infinitive[:-2]
    return conjugate(infinitive, "present", person)


def attach(verb: str, clitics: str) -> str:
    """Pronouns joined to the end of a verb: veder+lo, da'+melo = dammelo, mangia+lo."""
    if not clitics:
        return verb
    if verb.endswith("'") and not clitics.startswith("gli"):
        return verb[:-1] + clitics[0] + clitics
    return verb.removesuffix("'") + clitics


def stem_of(infinitive: str) -> str:
    """The infinitive as it is before an enclitic: vedere -> veder, tradurre -> tradur."""
    return infinitive[:-2] if infinitive.endswith("rre") else infinitive[:-1]
