"""Italian noun phrases: articles by sound, agreement, possessives, contraction, predicates."""

import re
from typing import Any

from groundup.phrasebook.grammar import italian_inflection as forms
from groundup.phrasebook.grammar import numerals
from groundup.phrasebook.grammar.language import Language, gender_number, join
from groundup.phrasebook.grammar.tree import AdjectiveForms, Gap, Indefinite, Name, NounPhrase, Predicate, Pronoun

STRONG = "me te lui noi voi loro".split()
OWN = {"my": "mi", "your": "tu", "his": "su", "her": "su", "our": "nostr", "their": "loro"}
OWN_ENDINGS = {"mi": "o a ei e", "tu": "o a oi e", "su": "o a oi e", "nostr": "o a i e", "loro": "- - - -"}
QUANTITY = {
    "a lot of": "molt",
    "too much": "tropp",
    "how much": "quant",
    "several": "divers",
    "a few": "alcun",
}
PLAIN = {"enough": "abbastanza", "a little": "un po' di", "every": "ogni", "bare": "", "which": "quale"}
WHO = {"everyone": "tutti", "someone": "qualcuno", "nobody": "nessuno", "who": "chi"}
_EUPHONIC = re.compile(r"\b(a(?= [aA])|e(?= [eEèÈ])) ")
_HERE = re.compile(r"\b(dov|com)e (?=(?:è|era|erano)\b)")
_HAVING = re.compile(r"\b(glie)?l[oa] (?=(?:ho|hai|ha|abbiamo|avete|hanno)\b)")
_YEARS = re.compile(r"\b(?:(\w*vent(?=i)|\w+ant(?=a)|\w*cent(?=o))[iao]|(\w+un)o) anni\b")


class ItalianNounPhrases(Language):
    """Writes pronouns, noun phrases and predicate adjectives in Italian."""

    language = "it"

    def agreement(self, node: Any) -> tuple[int, str, bool]:
        """Person (0..5, io ... loro), gender and number."""
        match node:
            case Pronoun(of=NounPhrase() as thing):
                return self.agreement(thing)
            case Pronoun(person=2):
                return 1, "m", False
            case Pronoun():
                gender = "f" if node.gender == "f" else "m"
                return (0 if node.person == 1 else 2) + 3 * node.plural, gender, node.plural
            case NounPhrase():
                gender, plural = gender_number(node.noun.it, node.plural)
                return (5 if plural else 2), gender, plural
            case Gap():
                return self.agreement(node.of)
            case Name():
                return 2, node.gender, False
            case Indefinite(which="everyone"):
                return 5, "m", True
        return 2, "m", False

    def phrase(self, node: Any) -> str:
        match node:
            case Pronoun():
                index, gender, _ = self.agreement(node)
                return "lei" if index == 2 and gender == "f" else STRONG[index]
            case Name():
                return node.name
            case Indefinite():
                return WHO[node.which]
            case Gap():
                return "che"
            case NounPhrase():
                return self._noun_phrase(node)
        return self.write(node)

    def with_preposition(self, preposition: str, node: Any) -> str:
        return forms.contract(preposition, self.phrase(node))

    def spell(self, text: str) -> str:
        """ad Anna, ed è, dov'è, l'ho, gliel'ha, trent'anni, ventun anni."""
        text = _EUPHONIC.sub(r"\1d ", text)
        text = _HERE.sub(r"\1'", text)
        text = _HAVING.sub(lambda found: (found[1] or "") + "l'", text)
        return _YEARS.sub(lambda found: (found[1] + "'" if found[1] else found[2] + " ") + "anni", text)

    def _noun_phrase(self, node: NounPhrase) -> str:
        form, (_, gender, plural) = node.noun.it, self.agreement(node)
        noun = form.plural if plural else form.singular
        after = [self._adjective(a.it, node, "") for a in node.adjectives if not a.it.before]
        for adjective in [a.it for a in node.adjectives if a.it.before]:
            noun = self._adjective(adjective, node, noun)
        noun = join(noun, *after)
        text = self._determiner(node, noun, gender, plural) + noun
        if node.owner is not None:
            text = join(text, self.with_preposition("di", node.owner))
        if node.relative is not None:
            that = "" if isinstance(node.relative.subject, Gap) else "che"
            text = join(text, that, self.clause(node.relative))
        return text

    def _adjective(self, adjective: AdjectiveForms, node: NounPhrase, noun: str) -> str:
        """The adjective agreeing, and the noun it stands before: bel ragazzo, buon vino, begli occhi."""
        _, gender, plural = self.agreement(node)
        if noun and adjective.ms == "bello":
            return "b" + forms.that(gender, plural, noun) + noun
        if noun and adjective.ms == "buono" and not plural and gender == "m":
            return ("buono " if forms.sound(noun) == "lo" else "buon ") + noun
        return join(adjective.agreeing(gender, plural), noun)

    def _determiner(self, node: NounPhrase, noun: str, gender: str, plural: bool) -> str:
        """Everything before the noun, with the space or the apostrophe that joins them."""
        column, det = (gender == "f") + 2 * plural, node.det
        if det in OWN:
            return self._own(node, gender, plural)
        if det in QUANTITY:
            return QUANTITY[det] + ("o", "a", "i", "e")[column] + " "
        match det:
            case "the" | "generic":
                return forms.the(gender, plural, noun)
            case "a" | "some" if plural or det == "some":
                return forms.contract("di", forms.the(gender, plural, noun) + noun).removesuffix(noun)
            case "a":
                return forms.a(gender, noun)
            case "no":  # nessun libro, but non ci sono libri, non c'è pane
                return "" if plural or node.noun.en.only else "ness" + forms.a(gender, noun)
            case "this":
                return "quest'" if column < 2 and forms.sound(noun) == "vowel" else f"quest{'oaie'[column]} "
            case "that":
                return "qu" + forms.that(gender, plural, noun)
            case "count":
                return forms.a(gender, noun) if node.count == 1 else numerals.italian(node.count) + " "
            case "another":
                return "un'altra " if gender == "f" else "un altro "
            case "the same":
                return ("lo stesso ", "la stessa ", "gli stessi ", "le stesse ")[column]
            case "all the":
                whole = ("tutto ", "tutta ", "tutti ", "tutte ")[column]
                return whole + forms.the(gender, plural, noun)
            case "which" if plural:
                return "quali "
        return PLAIN[det] + " " if PLAIN[det] else ""

    def _own(self, node: NounPhrase, gender: str, plural: bool) -> str:
        """il mio libro, le sue case, but mia madre: a singular relative takes no article."""
        stem = OWN[node.det]
        ending = OWN_ENDINGS[stem].split()[(gender == "f") + 2 * plural]
        own = stem + ending.removesuffix("-") + " "
        if node.noun.kind == "family" and not plural and stem != "loro":
            return own
        return forms.the(gender, plural, "loro") + own

    def predicate(self, predicate: Predicate, gender: str, plural: bool) -> str:
        """molto alto, più alta di lui, alti come noi, migliore del vino."""
        text = predicate.adjective.it.agreeing(gender, plural)
        if predicate.degree == "more" and predicate.adjective.en[0] == "good":
            more, text = "", "migliori" if plural else "migliore"
        else:
            more = {"very": "molto", "too": "troppo", "more": "più", "less": "meno"}.get(predicate.degree, "")
        if predicate.than is None:
            return join(more, text)
        joint = "come" if predicate.degree == "as" else "di"
        return join(more, text, self.with_preposition(joint, predicate.than))
