"""French inflection: plurals and feminines by rule, verbs by three conjugations and a table of irregular ones.

The table (`words/french_verbs.tsv`) is matched by the end of the infinitive, the longest entry first, so that `prendre`
also conjugates apprendre, comprendre and surprendre.
"""

import re
from functools import cache

from groundup.phrasebook.tables import rows

VOWEL = "aeiouhyàâæéèêëîïôœùû"
ASPIRATED = ("héros", "haricot", "hibou", "harpe", "haut", "huit", "onz", "yaourt", "Hambourg")  # no elision before

_ELIDING = re.compile(
    rf"(?<![\w'-])(j|m|t|s|n|d|c|qu)e (?!{'|'.join(ASPIRATED)})(?=[{VOWEL}{VOWEL.upper()}])"
    rf"|(?<![\w'-])(l)[ea] (?!{'|'.join(ASPIRATED)})(?=[{VOWEL}{VOWEL.upper()}])"
)
_SI = re.compile(r"\bsi (?=ils?\b)")


def elides(following: str) -> bool:
    """Whether l', mon and cet stand before these words."""
    return following[0].lower() in VOWEL and not following.lower().startswith(ASPIRATED)


def elide(text: str) -> str:
    """Drop the vowel of je, le, la, de, que ... before a vowel or a mute h: j'ai, l'homme, qu'il, s'il."""
    return _SI.sub("s'", _ELIDING.sub(lambda match: (match[1] or match[2]) + "'", text))


def contract(preposition: str, phrase: str) -> str:
    """de or à before an (elided) noun phrase: du, des, au, aux, de la, d'un."""
    short = {"de": ("du ", "des "), "à": ("au ", "aux ")}.get(preposition)
    if short and phrase.startswith("le "):
        return short[0] + phrase[3:]
    if short and phrase.startswith("les "):
        return short[1] + phrase[4:]
    if preposition == "de":  # besoin de + du pain, de l'eau, des clés: the partitive article is dropped
        phrase = re.sub(r"^(du |de la |de l'|des |d'(?!un))", "", phrase)
    return elide(f"{preposition} {phrase}")


def plural(word: str) -> str:
    """The plural of a noun or an adjective: chats, prix, gâteaux, chevaux."""
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith(("eau", "eu")) and word != "bleu":
        return word + "x"
    return word[:-2] + "aux" if word.endswith("al") else word + "s"


def feminine(word: str) -> str:
    """The feminine of an adjective: heureuse, active, légère, italienne, grande."""
    for ending, other in (("eux", "euse"), ("f", "ve"), ("er", "ère"), ("ien", "ienne"), ("el", "elle")):
        if word.endswith(ending):
            return word[: -len(ending)] + other
    return word if word.endswith("e") else word + "e"


def agreed(participle: str, gender: str, several: bool) -> str:
    """A past participle agreeing in gender and number."""
    word = participle.replace("dû", "du") + "e" if gender == "f" else participle
    return plural(word) if several else word


# The end of an infinitive: its present (six persons), future stem and past participle. The imperfect comes from "nous".
_IRREGULAR = {ending: (present.split(), future, past) for ending, present, future, past in rows("french_verbs")}
_BY_LENGTH = sorted(_IRREGULAR, key=len, reverse=True)
_DOUBLING = ("appeler", "jeter")  # appelle, jette; the others take a grave accent: achète
_IMPERFECT = "ais ais ait ions iez aient".split()
_FUTURE = "ai as a ons ez ont".split()


def _parts(infinitive: str) -> tuple[list[str], str, str]:
    """Present, future stem and participle of any verb."""
    for ending in _BY_LENGTH:
        if infinitive.endswith(ending) and (ending != "aller" or infinitive == ending):
            head = infinitive[: -len(ending)]
            present, future, past = _IRREGULAR[ending]
            return [head + form for form in present], head + future, head + past
    stem, ending = infinitive[:-2], infinitive[-2:]
    if ending == "er":
        return _first(stem)
    if ending == "ir":
        present = [stem + e for e in ("is", "is", "it", "issons", "issez", "issent")]
        return present, infinitive, stem + "i"
    third = stem if stem.endswith(("d", "t")) else stem + "t"
    return [stem + "s", stem + "s", third, stem + "ons", stem + "ez", stem + "ent"], infinitive[:-1], stem + "u"


def _first(stem: str) -> tuple[list[str], str, str]:
    """The verbs in -er, with the spellings of manger, commencer, nettoyer, acheter, appeler, préférer."""
    strong = future = stem  # the stem when the stress is on its last vowel
    if re.search(r"e[lmnprstv]$", stem):
        doubled = (stem + "er").endswith(_DOUBLING)
        strong = future = stem + stem[-1] if doubled else f"{stem[:-2]}è{stem[-1]}"
    elif found := re.search(r"é([lmnprtdcg]+)$", stem):
        strong = stem[: found.start()] + "è" + found[1]
    elif stem.endswith("y"):
        strong = future = stem[:-1] + "i"
    soft = re.sub("c$", "ç", re.sub("g$", "ge", stem))
    present = [strong + "e", strong + "es", strong + "e", soft + "ons", stem + "ez", strong + "ent"]
    return present, future + "er", stem + "é"


@cache
def conjugate(infinitive: str, tense: str, person: int) -> str:
    """A form in the present, imperfect, future or conditional; persons 0..5 are je, tu, il, nous, vous, ils."""
    present, future, _ = _parts(infinitive)
    if tense == "present":
        return present[person]
    if tense == "future":
        return future + _FUTURE[person]
    if tense == "conditional":
        return future + _IMPERFECT[person]
    stem = "ét" if infinitive == "être" else present[3].removesuffix("ons")
    if person in (3, 4):  # nous mangions, nous commencions
        stem = re.sub("ge$", "g", stem) if infinitive.endswith("ger") else re.sub("ç$", "c", stem)
    return stem + _IMPERFECT[person]


@cache
def participle(infinitive: str) -> str:
    """The past participle, masculine singular."""
    return _parts(infinitive)[2]


def command(infinitive: str, person: int) -> str:
    """The imperative of nous (3) and vous (4)."""
    irregular = {"être": ("soyons", "soyez"), "avoir": ("ayons", "ayez"), "savoir": ("sachons", "sachez")}
    return irregular[infinitive][person - 3] if infinitive in irregular else conjugate(infinitive, "present", person)
