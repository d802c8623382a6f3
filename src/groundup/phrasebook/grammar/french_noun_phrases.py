"""French noun phrases: articles, agreement, possessives, elision and contraction, predicates."""

from typing import Any

from groundup.phrasebook.grammar import french_inflection as forms
from groundup.phrasebook.grammar import numerals
from groundup.phrasebook.grammar.language import Language, gender_number, join
from groundup.phrasebook.grammar.tree import AdjectiveForms, Gap, Indefinite, Name, NounPhrase, Predicate, Pronoun

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


class FrenchNounPhrases(Language):
    """Writes pronouns, noun phrases and predicate adjectives in French."""

    language = "fr"

    def agreement(self, node: Any) -> tuple[int, str, bool]:
        """Person (0..5, je ... ils), gender and number."""
        match node:
            case Pronoun(of=NounPhrase() as thing):
                return self.agreement(thing)
            case Pronoun(person=2):
                return 4, "m", False
            case Pronoun():
                gender = "f" if node.gender == "f" else "m"
                return (0 if node.person == 1 else 2) + 3 * node.plural, gender, node.plural
            case NounPhrase():
                gender, plural = gender_number(node.noun.fr, node.plural)
                return (5 if plural else 2), gender, plural
            case Gap():
                return self.agreement(node.of)
            case Name():
                return 2, node.gender, False
        return 2, "m", False

    def phrase(self, node: Any, *, negative: bool = False) -> str:
        match node:
            case Pronoun():
                index, gender, _ = self.agreement(node)
                return {2: "elle", 5: "elles"}[index] if gender == "f" else STRONG[index]
            case Name():
                return node.name
            case Indefinite():
                return WHO[node.which]
            case Gap():
                return "qui"
            case NounPhrase():
                return self._noun_phrase(node, negative)
        return self.write(node)

    def with_preposition(self, preposition: str, node: Any) -> str:
        return forms.contract(preposition, self.phrase(node))

    def spell(self, text: str) -> str:
        return forms.elide(text).replace("?", " ?").replace("!", " !").replace(":", " :")

    def _noun_phrase(self, node: NounPhrase, negative: bool) -> str:
        form, plural = node.noun.fr, self.agreement(node)[2]
        before = [self._adjective(a.fr, node) for a in node.adjectives if a.fr.before]
        after = [self._adjective(a.fr, node) for a in node.adjectives if not a.fr.before]
        noun = join(*before, form.plural if plural else form.singular, *after)
        text = forms.elide(join(self._determiner(node, noun, negative), noun))
        if node.owner is not None:
            text = join(text, self.with_preposition("de", node.owner))
        if node.relative is not None:
            that = "" if isinstance(node.relative.subject, Gap) else "que"
            text = join(text, that, self.clause(node.relative))
        return text

    def _adjective(self, adjective: AdjectiveForms, node: NounPhrase) -> str:
        """The adjective agreeing; bel, nouvel, vieil before a vowel."""
        _, gender, plural = self.agreement(node)
        text = adjective.agreeing(gender, plural)
        return BRIDGE[text] if text in BRIDGE and forms.elides(node.noun.fr.singular) else text

    def _determiner(self, node: NounPhrase, noun: str, negative: bool) -> str:
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

    def predicate(self, predicate: Predicate, gender: str, plural: bool) -> str:
        """très grand, plus grande que lui, meilleurs que les autres."""
        text = predicate.adjective.fr.agreeing(gender, plural)
        if predicate.degree == "more" and predicate.adjective.en[0] == "good":
            text, more = f"meilleur{'e' if gender == 'f' else ''}{'s' if plural else ''}", ""
        else:
            more = {"very": "très", "too": "trop", "more": "plus", "less": "moins", "as": "aussi"}.get(
                predicate.degree, ""
            )
        return join(more, text, f"que {self.phrase(predicate.than)}" if predicate.than is not None else "")
