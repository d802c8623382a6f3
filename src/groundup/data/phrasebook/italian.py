"""Italian clauses: no subject pronoun, clitics before or behind the verb, essere and agreement.

"you" is one familiar person (tu), masculine; a present in -ing is stare and the gerund.
"""

from groundup.data.phrasebook import italian_forms as forms
from groundup.data.phrasebook.italian_phrases import ItalianPhrases
from groundup.data.phrasebook.meaning import Clause, Gap, Person, Said
from groundup.data.phrasebook.speaker import words

ESSERE = frozenset(
    "essere andare venire tornare arrivare partire uscire entrare rimanere cadere scappare svenire riuscire "
    "nascere".split()
)
BEGINNING = ("cominciare", "finire")  # with essere when nobody begins them
DIRECT = "mi ti lo ci vi li".split()
DATIVE = "mi ti gli ci vi gli".split()
REFLEXIVE = "mi ti si ci vi si".split()
NEGATION = {"never": "mai", "no longer": "più", "not yet": "ancora"}
AFTER = {"nothing": "niente", "nobody": "nessuno"}


class Italian(ItalianPhrases):
    """The Italian speaker."""

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
        simple = "conditional" if through and through.frame == "would" else tense.get(clause.tense, "present")
        return forms.conjugate(head.infinitive, simple, index), inner

    def _compound(self, clause: Clause, infinitive: str) -> tuple[str, str]:
        """Auxiliary and participle: è andata, si è lavato, l'ha vista, me le ha date."""
        participle = forms.participle(infinitive)
        reflexive = clause.verb.it.reflexive and not clause.through
        begun = infinitive in BEGINNING and clause.object is None and not clause.through
        auxiliary = "essere" if reflexive or begun or infinitive in ESSERE else "avere"
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
        person, gender, _ = self.agreement(node)
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
