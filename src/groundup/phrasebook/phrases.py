"""Phrases that are whole in each language: names, places, countries, cities, times, weather, greetings."""

from typing import NamedTuple

from groundup.phrasebook.grammar.tree import Phrase
from groundup.phrasebook.tables import groups, rows


class Place(NamedTuple):
    """at the station: the place itself, and where one comes from."""

    en: str
    fr: str
    from_fr: str
    it: str
    from_it: str

    def at(self) -> Phrase:
        """at the station; French and Italian say "to the station" with the same words."""
        return Phrase(self.en, self.fr, self.it)

    def towards(self, preposition: str) -> Phrase:
        """to or from the station."""
        name = f"{preposition} {self.en.partition(' ')[2]}"
        return Phrase(name, self.fr, self.it) if preposition == "to" else Phrase(name, self.from_fr, self.from_it)


class Country(NamedTuple):
    """A country: in it and from it; French and Italian say "to France" as they say "in France"."""

    en: str
    in_fr: str
    from_fr: str
    in_it: str
    from_it: str

    def phrase(self, preposition: str) -> Phrase:
        """in, to or from the country."""
        away = preposition == "from"
        fr, it = (self.from_fr, self.from_it) if away else (self.in_fr, self.in_it)
        return Phrase(f"{preposition} {self.en}", fr, it)


_NAMES = {group: [name for (name,) in table] for group, table in groups("names").items()}
WOMEN, MEN, SURNAMES = _NAMES["woman"], _NAMES["man"], _NAMES["surname"]

PLACES = [Place(*row) for row in rows("places")]
COUNTRIES = [Country(*row) for row in rows("countries")]

_PHRASES = {group: [Phrase(*row) for row in table] for group, table in groups("phrases").items()}
CITIES, WEATHER, GREETINGS = _PHRASES["city"], _PHRASES["weather"], _PHRASES["greeting"]
PAST, FUTURE, NOW, HABIT = _PHRASES["past"], _PHRASES["future"], _PHRASES["now"], _PHRASES["habit"]
OFTEN, MANNER, FEELINGS = _PHRASES["often"], _PHRASES["manner"], _PHRASES["feeling"]
WEEKDAYS, MONTHS = _PHRASES["weekday"], _PHRASES["month"]
