"""French noun phrases: articles, agreement, possessives, elision and contraction, what somebody is said to be."""

from typing import Any

from groundup.data.phrasebook import french_forms as forms
from groundup.data.phrasebook import numerals
from groundup.data.phrasebook.meaning import Gap, Inflected, Name, Person, Quantity, Said, Thing
from groundup.data.phrasebook.speaker import Speaker, numbers, words

STRONG = "moi toi lui nous vous eux".split()
POSSESSIVE = {
    "my": "mon ma mes",
    "your": "votre votre vos",
    "his": "son sa ses",
    "her": "son sa ses",
    "our": "notre notre nos",
    "their": "leur leur leurs",
}
QUANTITY = {
    "a lot of": "beaucoup de",
    "too much": "trop de",
    "how much": "combien de",
    "enough": "assez de",
    "a little": "un peu de",
    "several": "plusieurs",
    "a few": "quelques",
    "every": "chaque",
    "no": "de",
    "bare": "",
}
INFLECTED = {  # masculine, feminine, plural masculine, plural feminine
    "the": "le|la|les|les",
    "generic": "le|la|les|les",
    "which": "quel|quelle|quels|quelles",
    "another": "un autre|une autre|d'autres|d'autres",
    "the same": "le même|la même|les mêmes|les mêmes",
    "all the": "tout le|toute la|tous les|toutes les",
}
WHO = {"everyone": "tout le monde", "someone": "quelqu'un", "nobody": "personne", "who": "qui"}
BRIDGE = {"beau": "bel", "nouveau": "nouvel", "vieux": "vieil"}


class FrenchPhrases(Speaker):
    """How French says persons and things."""

    language = "fr"

    def agreement(self, node: Any) -> tuple[int, str, bool]:
        """Person (0..5, je ... ils), gender and number."""
        match node:
            case Person(of=Thing() as thing):
                return self.agreement(thing)
            case Person(person=2):
                return 4, "m", False
            case Person():
                gender = "f" if node.gender == "f" else "m"
                return (0 if node.person == 1 else 2) + 3 * node.plural, gender, node.plural
            case Thing():
                gender, plural = numbers(node.noun.fr, node.plural)
                return (5 if plural else 2), gender, plural
            case Gap():
                return self.agreement(node.of)
            case Name():
                return 2, node.gender, False
        return 2, "m", False

    def phrase(self, node: Any, *, negative: bool = False) -> str:
        match node:
            case Person():
                index, gender, _ = self.agreement(node)
                return {2: "elle", 5: "elles"}[index] if gender == "f" else STRONG[index]
            case Name():
                return node.name
            case Quantity():
                return WHO[node.which]
            case Gap():
                return "qui"
            case Thing():
                return self._thing(node, negative)
        return self.say(node)

    def joined(self, preposition: str, node: Any) -> str:
        return forms.contract(preposition, self.phrase(node))

    def spelt(self, text: str) -> str:
        return forms.elide(text).replace("?", " ?").replace("!", " !").replace(":", " :")

    def _thing(self, node: Thing, negative: bool) -> str:
        form, plural = node.noun.fr, self.agreement(node)[2]
        before = [self._adjective(a.fr, node) for a in node.adjectives if a.fr.before]
        after = [self._adjective(a.fr, node) for a in node.adjectives if not a.fr.before]
        noun = words(*before, form.plural if plural else form.singular, *after)
        text = forms.elide(words(self._determiner(node, noun, negative), noun))
        if node.owner is not None:
            text = words(text, self.joined("de", node.owner))
        if node.relative is not None:
            that = "" if isinstance(node.relative.subject, Gap) else "que"
            text = words(text, that, self.clause(node.relative))
        return text

    def _adjective(self, adjective: Inflected, node: Thing) -> str:
        """The adjective agreeing; bel, nouvel, vieil before a vowel."""
        _, gender, plural = self.agreement(node)
        text = adjective.agreeing(gender, plural)
        return BRIDGE[text] if text in BRIDGE and forms.elides(node.noun.fr.singular) else text

    def _determiner(self, node: Thing, noun: str, negative: bool) -> str:
        _, gender, plural = self.agreement(node)
        feminine, det = gender == "f", node.det
        if det in POSSESSIVE:
            kinds = POSSESSIVE[det].split()
            return kinds[2] if plural else kinds[feminine and not forms.elides(noun)]
        if det in QUANTITY:
            return QUANTITY[det]
        if det in INFLECTED:
            return INFLECTED[det].split("|")[feminine + 2 * plural]
        if det in ("this", "that"):
            return "ces" if plural else "cette" if feminine else "cet" if forms.elides(noun) else "ce"
        if det == "count":
            return numerals.french(node.count, feminine)
        assert det in ("a", "some"), det
        if negative:
            return "de"
        if plural:  # de petites maisons
            return "de" if any(adjective.fr.before for adjective in node.adjectives) else "des"
        if det == "a":
            return "une" if feminine else "un"
        return "de la" if feminine or forms.elides(noun) else "du"

    def said(self, said: Said, gender: str, plural: bool) -> str:
        """très grand, plus grande que lui, meilleurs que les autres."""
        text = said.adjective.fr.agreeing(gender, plural)
        if said.degree == "more" and said.adjective.en[0] == "good":
            text, more = f"meilleur{'e' if gender == 'f' else ''}{'s' if plural else ''}", ""
        else:
            more = {"very": "très", "too": "trop", "more": "plus", "less": "moins", "as": "aussi"}.get(said.degree, "")
        return words(more, text, f"que {self.phrase(said.than)}" if said.than is not None else "")
