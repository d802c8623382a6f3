"""Italian clauses: no subject pronoun, clitics before or after the verb, essere and agreement.

"you" is one person, in the familiar form: tu, masculine. "is eating" is stare and the gerund.
"""

from groundup.phrasebook.grammar import italian_inflection as forms
from groundup.phrasebook.grammar.italian_noun_phrases import ItalianNounPhrases
from groundup.phrasebook.grammar.language import join
from groundup.phrasebook.grammar.tree import Clause, Gap, Predicate, Pronoun

ESSERE = frozenset(
    "essere andare venire tornare arrivare partire uscire entrare rimanere cadere scappare svenire riuscire "
    "nascere".split()
)
BEGINNING = ("cominciare", "finire")  # with essere when they have no object
DIRECT = "mi ti lo ci vi li".split()
DATIVE = "mi ti gli ci vi gli".split()
REFLEXIVE = "mi ti si ci vi si".split()
NEGATION = {"never": "mai", "no longer": "più", "not yet": "ancora"}
AFTER = {"nothing": "niente", "nobody": "nessuno"}


class Italian(ItalianNounPhrases):
    """Writes trees in Italian."""

    def clause(self, clause: Clause) -> str:
        index = self.agreement(clause.subject)[0]
        if clause.tense == "command":
            return self._command(clause, index)
        clitics = self._clitics(clause, index)
        near, far = self._verbs(clause, index, clitics)
        before = "" if clause.governing else " ".join(clitics)
        negative = clause.polarity != "yes"
        adverb = join(self.write(clause.adverb) if clause.adverb else "", "appena" if clause.tense == "just" else "")
        middle = join(NEGATION.get(clause.polarity, ""), adverb)
        verb = join("non" if negative else "", before, near, middle, far)
        return self._ordered(clause, verb, self._objects(clause))

    def _ordered(self, clause: Clause, verb: str, end: str) -> str:
        """The subject before the verb, or after it in a question without an object."""
        dropped = isinstance(clause.subject, Pronoun)
        subject = "" if dropped else self.phrase(clause.subject)
        if clause.ask is None or clause.ask == "yes/no":
            return join(subject, verb, end)
        after = clause.object is None and clause.to is None and clause.predicate is None
        if after:
            return join(self.write(clause.ask), verb, subject, end)
        return join(self.write(clause.ask), subject, verb, end)

    def _verbs(self, clause: Clause, index: int, clitics: list[str]) -> tuple[str, str]:
        """The conjugated verb, and what follows it, with pronouns attached to an infinitive."""
        word, governing = clause.verb.it, clause.governing
        head = governing.it if governing else word
        inner = ""
        if governing:
            infinitive = word.infinitive
            with_preposition = forms.attach(forms.stem_of(infinitive), "".join(clitics)) if clitics else infinitive
            inner = join(head.rest, head.preposition, with_preposition)
        inner = join(inner, word.rest)
        lasting = (governing or clause.verb).frame in ("stative", "infinitive-stative", "be")
        if clause.tense in ("now", "was"):
            stare = forms.conjugate("stare", "present" if clause.tense == "now" else "imperfect", index)
            return stare, join(forms.gerund(head.infinitive), inner)
        if clause.tense in ("past", "perfect", "just") and not (lasting and clause.tense == "past"):
            auxiliary, participle = self._compound(clause, head.infinitive)
            return forms.conjugate(auxiliary, "present", index), join(participle, inner)
        tense = {"future": "future", "near": "future", "used": "imperfect", "past": "imperfect"}
        simple = "conditional" if governing and governing.frame == "conditional" else tense.get(clause.tense, "present")
        return forms.conjugate(head.infinitive, simple, index), inner

    def _compound(self, clause: Clause, infinitive: str) -> tuple[str, str]:
        """Auxiliary and participle: è andata, si è lavato, l'ha vista, me le ha date."""
        participle = forms.participle(infinitive)
        reflexive = clause.verb.it.reflexive and not clause.governing
        begun = infinitive in BEGINNING and clause.object is None and not clause.governing
        auxiliary = "essere" if reflexive or begun or infinitive in ESSERE else "avere"
        agrees = clause.object if isinstance(clause.object, Pronoun) and not clause.governing else None
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
        if isinstance(node, Pronoun) and clause.verb.it.preposition == "a":
            node, to = None, node
        dative = REFLEXIVE[index] if clause.verb.it.reflexive else ""
        if isinstance(to, Pronoun):
            person, gender, _ = self.agreement(to)
            dative = "le" if person == 2 and gender == "f" else DATIVE[person]
        if not isinstance(node, Pronoun):
            return [dative] if dative else []
        person, gender, _ = self.agreement(node)
        direct = {2: "la", 5: "le"}.get(person, DIRECT[person]) if gender == "f" else DIRECT[person]
        if not dative:
            return [direct]
        return ["glie" + direct] if dative in ("gli", "le") else [dative[0] + "e", direct]

    def _objects(self, clause: Clause) -> str:
        """What stands after the verb: niente, the object, the recipient, the predicate, the adjuncts."""
        node, word = clause.object, clause.verb.it
        parts = [AFTER[clause.polarity]] if clause.polarity in AFTER else []
        if node is not None and not isinstance(node, Pronoun | Gap):
            parts.append(self.with_preposition(word.preposition, node) if word.preposition else self.phrase(node))
        if clause.to is not None and not isinstance(clause.to, Pronoun):
            parts.append(self.with_preposition("a", clause.to))
        if isinstance(clause.predicate, Predicate):
            parts.append(self.predicate(clause.predicate, *self.agreement(clause.subject)[1:]))
        elif clause.predicate is not None:
            parts.append(self.phrase(clause.predicate))
        return join(*parts, *[self.write(phrase) for phrase in clause.adjuncts])

    def _command(self, clause: Clause, index: int) -> str:
        """Dammelo, alzati, non darglielo, mangiamolo."""
        clitics, infinitive = "".join(self._clitics(clause, index)), clause.verb.it.infinitive
        negative = clause.polarity != "yes"
        if negative and index == 1:
            verb = forms.attach(forms.stem_of(infinitive), clitics) if clitics else infinitive
        else:
            verb = forms.attach(forms.command(infinitive, index), clitics)
        return join("non" if negative else "", verb, clause.verb.it.rest, self._objects(clause))
