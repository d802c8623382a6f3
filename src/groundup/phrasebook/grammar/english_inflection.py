"""English inflection by rule: plurals, -s, -ed, -ing, a or an."""

VOWELS = "aeiou"
DOUBLED = frozenset("run swim sit stop cut put get win begin travel forget prefer wrap cancel".split())
SILENT_H = ("hour", "honest")
LIKE_YOU = ("uni", "use", "eu", "one")  # written with a vowel, spoken with a consonant: a useful idea
IRREGULAR_S = {"have": "has", "be": "is", "do": "does", "go": "goes"}


def with_s(word: str) -> str:
    """The plural of a noun, the third person of a verb: cats, boxes, cities."""
    head, space, last = word.rpartition(" ")
    if last in IRREGULAR_S:
        return IRREGULAR_S[last]
    if last.endswith(("s", "x", "ch", "sh", "z")):
        return head + space + last + "es"
    if last.endswith("y") and last[-2] not in VOWELS:
        return head + space + last[:-1] + "ies"
    return word + "s"


def with_ed(word: str) -> str:
    """The past of a regular verb: worked, loved, tried."""
    if word.endswith("e"):
        return word + "d"
    if word.endswith("y") and word[-2] not in VOWELS:
        return word[:-1] + "ied"
    return word + "ed"


def with_ing(word: str) -> str:
    """The -ing form: working, taking, lying, running."""
    if word.endswith("ie"):
        return word[:-2] + "ying"
    if word.endswith("e") and word != "be":
        return word[:-1] + "ing"
    if word in DOUBLED:
        return word + word[-1] + "ing"
    return word + "ing"


def article(following: str) -> str:
    """a or an before the words that follow."""
    word = following.lower()
    if word.startswith(SILENT_H):
        return "an"
    return "an" if word[0] in VOWELS and not word.startswith(LIKE_YOU) else "a"
