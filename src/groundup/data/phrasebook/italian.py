"""Italian: articles by sound, the subject pronoun dropped, clitics before or behind the verb, essere and agreement.

"you" is one familiar person (tu), masculine; a present in -ing is stare and the gerund.
"""

import re
from typing import Any

from groundup.data.phrasebook import italian_forms as forms
from groundup.data.phrasebook import numerals
from groundup.data.phrasebook.meaning import Clause, Gap, Inflected, Name, Person, Quantity, Said, Thing
from groundup.data.phrasebook.speaker import Speaker, numbers, words

ESSERE = frozenset(
    "essere andare venire tornare arrivare partire uscire entrare rimanere cadere scappare svenire riuscire".split()
)
STRONG = "me te lui noi voi loro".split()
DIRECT = "mi ti lo ci vi li".split()
DATIVE = "mi ti gli ci vi gli".split()
REFLEXIVE = "mi ti si ci vi si".split()
NEGATION = {"never": "mai", "no longer": "più", "not yet": "ancora"}
AFTER = {"nothing": "niente", "nobody": "nessuno"}
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


class Italian(Speaker):
    """The Italian speaker."""

    language = "it"

    def agreement(self, node: Any) -> tuple[int, str, bool]:
        """Person (0..5, io ... loro), gender and number."""
        match node:
            case Person(of=Thing() as thing):
                return self.agreement(thing)
            case Person(person=2):
                return 1, "m", False
            case Person():
                gender = "f" if node.gender == "f" else "m"
                return (0 if node.person == 1 else 2) + 3 * node.plural, gender, node.plural
            case Thing():
                gender, plural = numbers(node.noun.it, node.plural)
                return (5 if plural else 2), gender, plural
            case Gap():
                return self.agreement(node.of)
            case Name():
                return 2, node.gender, False
            case Quantity(which="everyone"):
                return 5, "m", True
        return 2, "m", False

    def phrase(self, node: Any) -> str:
        match node:
            case Person():
                index, gender, _ = self.agreement(node)
                return "lei" if index == 2 and gender == "f" else STRONG[index]
            case Name():
                return node.name
            case Quantity():
                return WHO[node.which]
            case Gap():
                return "che"
            case Thing():
                return self._thing(node)
        return self.say(node)

    def joined(self, preposition: str, node: Any) -> str:
        return forms.contract(preposition, self.phrase(node))

    def spelt(self, text: str) -> str:
        """ad Anna, ed è, dov'è, com'è, l'ho, me l'ha."""
        text = re.sub(r"\ba (?=[aA])", "ad ", text)
        text = re.sub(r"\be (?=[eEèÈ])", "ed ", text)
        text = re.sub(r"\b(dov|com|quand)e (?=(è|era|erano)\b)", r"\1'", text)
        return re.sub(r"\bl[oa] (?=(ho|hai|ha|abbiamo|avete|hanno)\b)", "l'", text).replace("glielo ha", "gliel'ha")

    # Noun phrases

    def _thing(self, node: Thing) -> str:
        form, (_, gender, plural) = node.noun.it, self.agreement(node)
        noun = form.plural if plural else form.singular
        after = [self._adjective(a.it, node, "") for a in node.adjectives if not a.it.before]
        for adjective in [a.it for a in node.adjectives if a.it.before]:
            noun = self._adjective(adjective, node, noun)
        noun = words(noun, *after)
        text = self._determiner(node, noun, gender, plural) + noun
        if node.owner is not None:
            text = words(text, self.joined("di", node.owner))
        if node.relative is not None:
            that = "" if isinstance(node.relative.subject, Gap) else "che"
            text = words(text, that, self.clause(node.relative))
        return text

    def _adjective(self, adjective: Inflected, node: Thing, noun: str) -> str:
        """The adjective agreeing, and the noun it stands before: bel ragazzo, buon vino, begli occhi."""
        _, gender, plural = self.agreement(node)
        if noun and adjective.ms == "bello":
            return "b" + forms.that(gender, plural, noun) + noun
        if noun and adjective.ms == "buono" and not plural and gender == "m":
            return ("buono " if forms.sound(noun) == "lo" else "buon ") + noun
        return words(adjective[(gender == "f") + 2 * plural], noun)

    def _determiner(self, node: Thing, noun: str, gender: str, plural: bool) -> str:
        """Everything before the noun, with the space or the apostrophe that joins them."""
        column, det = (gender == "f") + 2 * plural, node.det
        if det in OWN:
            return self._own(node, gender, plural)
        if det in QUANTITY:
            return QUANTITY[det] + ("o", "a", "i", "e")[column] + " "
        match det:
            case "the":
                return forms.the(gender, plural, noun)
            case "a" | "some" if plural or det == "some":
                return forms.contract("di", forms.the(gender, plural, noun) + noun).removesuffix(noun)
            case "a":
                return forms.a(gender, noun)
            case "this":
                return "quest" + ("o", "a", "i", "e")[column] + " "
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

    def _own(self, node: Thing, gender: str, plural: bool) -> str:
        """il mio libro, le sue case, but mia madre: one relative takes no article."""
        stem = OWN[node.det]
        ending = OWN_ENDINGS[stem].split()[(gender == "f") + 2 * plural]
        own = stem + ending.removesuffix("-") + " "
        if node.noun.kind == "family" and not plural and stem != "loro":
            return own
        return forms.the(gender, plural, "loro") + own

    # Clauses

    def clause(self, clause: Clause) -> str:
        index = self.agreement(clause.subject)[0]
        if clause.tense == "command":
            return self._command(clause, index)
        clitics = self._clitics(clause, index)
        near, far = self._verbs(clause, index, clitics)
        before = "" if clause.through else " ".join(clitics)
        negative = clause.polarity != "yes"
        adverb = words(self.say(clause.adverb) if clause.adverb else "", "appena" if clause.tense == "just" else "")
        middle = words(NEGATION.get(clause.polarity, ""), adverb)
        verb = words("non" if negative else "", before, near, middle, far)
        return self._ordered(clause, verb, self._objects(clause))

    def _ordered(self, clause: Clause, verb: str, end: str) -> str:
        """The subject before the verb, or behind it in a question that has no object in the way."""
        dropped = isinstance(clause.subject, Person)
        subject = "" if dropped else self.phrase(clause.subject)
        if clause.ask is None or clause.ask == "yes/no":
            return words(subject, verb, end)
        behind = clause.object is None and clause.to is None and clause.said is None
        if behind:
            return words(self.say(clause.ask), verb, subject, end)
        return words(self.say(clause.ask), subject, verb, end)

    def _verbs(self, clause: Clause, index: int, clitics: list[str]) -> tuple[str, str]:
        """The conjugated verb, and what follows it with its pronouns attached."""
        word, through = clause.verb.it, clause.through
        head = through.it if through else word
        inner = ""
        if through:
            infinitive = word.infinitive
            joined = forms.attach(forms.stem_of(infinitive), "".join(clitics)) if clitics else infinitive
            inner = words(head.rest, head.preposition, joined)
        inner = words(inner, word.rest)
        lasting = (through or clause.verb).frame in ("state", "wish", "be")
        if clause.tense in ("now", "was"):
            stare = forms.conjugate("stare", "present" if clause.tense == "now" else "imperfect", index)
            return stare, words(forms.gerund(head.infinitive), inner)
        if clause.tense in ("past", "perfect", "just") and not (lasting and clause.tense == "past"):
            auxiliary, participle = self._compound(clause, head.infinitive)
            return forms.conjugate(auxiliary, "present", index), words(participle, inner)
        tense = {"future": "future", "near": "future", "used": "imperfect", "past": "imperfect"}
        return forms.conjugate(head.infinitive, tense.get(clause.tense, "present"), index), inner

    def _compound(self, clause: Clause, infinitive: str) -> tuple[str, str]:
        """Auxiliary and participle: è andata, si è lavato, l'ha vista, me le ha date."""
        participle = forms.participle(infinitive)
        reflexive = clause.verb.it.reflexive and not clause.through
        auxiliary = "essere" if reflexive or infinitive in ESSERE else "avere"
        agrees = clause.object if isinstance(clause.object, Person) and not clause.through else None
        if agrees is not None and (agrees.person != 3 or clause.verb.it.preposition == "a"):
            agrees = None
        if auxiliary == "essere" and agrees is None:
            agrees = clause.subject
        if agrees is None:
            return auxiliary, participle
        return auxiliary, forms.agreed(participle, *self.agreement(agrees)[1:])

    def _clitics(self, clause: Clause, index: int) -> list[str]:
        """mi, lo, me lo, glielo, se le."""
        node, to = clause.object, clause.to
        if isinstance(node, Person) and clause.verb.it.preposition == "a":
            node, to = None, node
        dative = REFLEXIVE[index] if clause.verb.it.reflexive else ""
        if isinstance(to, Person):
            person, gender, _ = self.agreement(to)
            dative = "le" if person == 2 and gender == "f" else DATIVE[person]
        if not isinstance(node, Person):
            return [dative] if dative else []
        person, gender, plural = self.agreement(node)
        direct = {2: "la", 5: "le"}.get(person, DIRECT[person]) if gender == "f" else DIRECT[person]
        if not dative:
            return [direct]
        return ["glie" + direct] if dative in ("gli", "le") else [dative[0] + "e", direct]

    def _objects(self, clause: Clause) -> str:
        """What stands after the verb: niente, the object, the recipient, what is said, the tail."""
        node, word = clause.object, clause.verb.it
        parts = [AFTER[clause.polarity]] if clause.polarity in AFTER else []
        if node is not None and not isinstance(node, Person | Gap):
            parts.append(self.joined(word.preposition, node) if word.preposition else self.phrase(node))
        if clause.to is not None and not isinstance(clause.to, Person):
            parts.append(self.joined("a", clause.to))
        if isinstance(clause.said, Said):
            parts.append(self.said(clause.said, *self.agreement(clause.subject)[1:]))
        elif clause.said is not None:
            parts.append(self.phrase(clause.said))
        return words(*parts, *[self.say(phrase) for phrase in clause.tail])

    def _command(self, clause: Clause, index: int) -> str:
        """Dammelo, alzati, non darglielo, mangiamolo."""
        clitics, infinitive = "".join(self._clitics(clause, index)), clause.verb.it.infinitive
        negative = clause.polarity != "yes"
        if negative and index == 1:
            verb = forms.attach(forms.stem_of(infinitive), clitics) if clitics else infinitive
        else:
            verb = forms.attach(forms.command(infinitive, index), clitics)
        return words("non" if negative else "", verb, clause.verb.it.rest, self._objects(clause))

    def said(self, said: Said, gender: str, plural: bool) -> str:
        """molto alto, più alta di lui, alti come noi, migliore del vino."""
        text = said.adjective.it[(gender == "f") + 2 * plural]
        if said.degree == "more" and said.adjective.en[0] == "good":
            more, text = "", "migliori" if plural else "migliore"
        else:
            more = {"very": "molto", "too": "troppo", "more": "più", "less": "meno"}.get(said.degree, "")
        if said.than is None:
            return words(more, text)
        joint = "come" if said.degree == "as" else "di"
        return words(more, text, self.joined(joint, said.than))
