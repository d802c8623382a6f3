"""Numbers from 0 to 999,999 in words: English (British "and"), French and Italian."""

from functools import cache

_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_ENGLISH_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_FRENCH = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf"
).split()
_FRENCH_TENS = "- - vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt".split()
_ITALIAN = (
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici "
    "diciassette diciotto diciannove"
).split()
_ITALIAN_TENS = "- - venti trenta quaranta cinquanta sessanta settanta ottanta novanta".split()
ENGLISH_ORDINALS = (
    "- first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()


@cache
def english(n: int) -> str:
    """twenty-one, three hundred and five, two thousand and six."""
    _check(n)
    if n < 20:
        return _ENGLISH[n]
    if n < 100:
        return _ENGLISH_TENS[n // 10] + (f"-{_ENGLISH[n % 10]}" if n % 10 else "")
    size, name = (1000, "thousand") if n >= 1000 else (100, "hundred")
    head, rest = f"{english(n // size)} {name}", n % size
    if rest == 0:
        return head
    return f"{head} and {english(rest)}" if rest < 100 else f"{head} {english(rest)}"


@cache
def french(n: int, feminine: bool = False) -> str:
    """vingt et un(e), soixante et onze, quatre-vingts, quatre-vingt-un(e), deux cents, mille."""
    _check(n)
    word = _french(n, last=True)
    return word + "e" if feminine and word.endswith("un") else word


def _french(n: int, last: bool) -> str:
    """`last` is False before mille, where vingt and cent take no s."""
    if n < 20:
        return _FRENCH[n]
    if n < 100:
        tens = n // 10
        unit = n - 10 * (tens - tens % 2) if tens in (7, 9) else n % 10
        if n == 80:
            return "quatre-vingts" if last else "quatre-vingt"
        if unit == 0:
            return _FRENCH_TENS[tens]
        joint = " et " if unit in (1, 11) and tens < 8 else "-"
        return _FRENCH_TENS[tens] + joint + _FRENCH[unit]
    if n < 1000:
        hundreds, rest = divmod(n, 100)
        head = "cent" if hundreds == 1 else f"{_FRENCH[hundreds]} cent"
        if rest:
            return f"{head} {_french(rest, last)}"
        return head + "s" if hundreds > 1 and last else head
    thousands, rest = divmod(n, 1000)
    head = "mille" if thousands == 1 else f"{_french(thousands, last=False)} mille"
    return f"{head} {_french(rest, last)}" if rest else head


@cache
def italian(n: int) -> str:
    """ventuno, ventotto, ventitré, centotto, duecento, mille, duemila: one word."""
    _check(n)
    word = _italian(n)
    return word[:-1] + "é" if n > 3 and word.endswith("tre") else word


def _italian(n: int) -> str:
    if n < 20:
        return _ITALIAN[n]
    if n < 100:
        tens, unit = _ITALIAN_TENS[n // 10], n % 10
        if unit in (1, 8):
            return tens[:-1] + _ITALIAN[unit]
        return tens + (_ITALIAN[unit] if unit else "")
    if n < 1000:
        hundreds, rest = divmod(n, 100)
        head = ("" if hundreds == 1 else _ITALIAN[hundreds]) + "cento"
        if rest == 8 or rest // 10 == 8:
            head = head[:-1]
        return head + (_italian(rest) if rest else "")
    thousands, rest = divmod(n, 1000)
    head = "mille" if thousands == 1 else f"{_italian(thousands)}mila"
    return head + (_italian(rest) if rest else "")


def _check(n: int) -> None:
    if not 0 <= n < 1_000_000:
        raise ValueError(f"{n} cannot be written in words here; try 0 to 999999")
