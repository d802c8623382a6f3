"""Clock times, days and dates in the three languages."""

from groundup.phrasebook.grammar import numerals
from groundup.phrasebook.grammar.tree import Phrase
from groundup.phrasebook.phrases import MONTHS, WEEKDAYS

DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MINUTES = (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55)


def time(hour: int, minute: int) -> Phrase:
    """A clock time, hour 1..13 (12 is noon, 13 midnight): half past three, trois heures et demie, le tre e mezza."""
    forward = minute <= 30
    named = hour if forward else hour % 12 + 1
    minutes = minute if forward else 60 - minute
    return Phrase(
        _english(named, minutes, forward), _french(named, minutes, forward), _italian(named, minutes, forward)
    )


def _english(hour: int, minutes: int, forward: bool) -> str:
    name = {12: "noon", 13: "midnight"}.get(hour) or numerals.english(hour)
    if minutes == 0:
        return name if hour >= 12 else f"{name} o'clock"
    amount = {15: "quarter", 30: "half"}.get(minutes) or numerals.english(minutes)
    return f"{amount} {'past' if forward else 'to'} {name}"


def _french(hour: int, minutes: int, forward: bool) -> str:
    name = {1: "une heure", 12: "midi", 13: "minuit"}.get(hour) or f"{numerals.french(hour)} heures"
    if minutes == 0:
        return name
    half = "et demi" if hour >= 12 else "et demie"
    if forward:
        amount = {15: "et quart", 30: half}.get(minutes) or numerals.french(minutes)
        return f"{name} {amount}"
    return f"{name} moins {'le quart' if minutes == 15 else numerals.french(minutes)}"


def _italian(hour: int, minutes: int, forward: bool) -> str:
    name = {1: "l'una", 12: "mezzogiorno", 13: "mezzanotte"}.get(hour) or f"le {numerals.italian(hour)}"
    if minutes == 0:
        return name
    half = "mezzo" if hour == 12 else "mezza"
    amount = {15: "un quarto", 30: half}.get(minutes) or numerals.italian(minutes)
    return f"{name} {'e' if forward else 'meno'} {amount}"


def at(moment: Phrase) -> Phrase:
    """at a clock time: à, alle, all', a."""
    italian = moment.it
    for article, contracted in (("le ", "alle "), ("l'", "all'")):
        if italian.startswith(article):
            italian = contracted + italian.removeprefix(article)
            break
    else:
        italian = f"a {italian}"
    return Phrase(f"at {moment.en}", f"à {moment.fr}", italian)


def is_now(moment: Phrase) -> Phrase:
    """It is half past three: il est trois heures et demie, sono le tre e mezza, è l'una."""
    verb = "sono" if moment.it.startswith("le ") else "è"
    return Phrase(f"it is {moment.en}", f"il est {moment.fr}", f"{verb} {moment.it}")


def on_day(day: int) -> Phrase:
    """on Monday: lundi, lunedì (0 is Monday)."""
    return Phrase(f"on {WEEKDAYS[day].en}", WEEKDAYS[day].fr, WEEKDAYS[day].it)


def on_days(day: int) -> Phrase:
    """on Mondays, every week: le lundi, il lunedì, la domenica."""
    article = "la" if day == 6 else "il"
    return Phrase(f"on {WEEKDAYS[day].en}s", f"le {WEEKDAYS[day].fr}", f"{article} {WEEKDAYS[day].it}")


def date(day: int, month: int) -> Phrase:
    """the twenty-first of May, le vingt et un mai, il ventuno maggio; the first is premier, primo."""
    name = MONTHS[month]
    french = "premier" if day == 1 else numerals.french(day)
    italian = "primo" if day == 1 else numerals.italian(day)
    article = "l'" if day in (8, 11) else "il "
    return Phrase(f"the {ordinal(day)} of {name.en}", f"le {french} {name.fr}", f"{article}{italian} {name.it}")


def on_date(day: int, month: int) -> Phrase:
    """on the third of May: le trois mai, il tre maggio."""
    whole = date(day, month)
    return Phrase(f"on {whole.en}", whole.fr, whole.it)


def ordinal(n: int) -> str:
    """first ... thirty-first."""
    if n <= 20:
        return numerals.ENGLISH_ORDINALS[n]
    if n == 30:
        return "thirtieth"
    return f"{numerals.english(n // 10 * 10)}-{numerals.ENGLISH_ORDINALS[n % 10]}"
