"""French clauses: clitics and their order, ne ... pas, être and agreement, inversion.

"you" is one person, in the polite form: vous, with a masculine singular participle or adjective.
"""

from groundup.phrasebook.grammar import french_inflection as forms
from groundup.phrasebook.grammar.french_noun_phrases import FrenchNounPhrases
from groundup.phrasebook.grammar.language import join
from groundup.phrasebook.grammar.tree import Clause, Gap, Indefinite, Predicate, Pronoun

ETRE = frozenset("aller venir revenir arriver partir sortir entrer rester tomber devenir mourir naître".split())
SUBJECT = "je tu il nous vous ils".split()
DIRECT = "me te le nous vous les".split()
DATIVE = "me te lui nous vous leur".split()
REFLEXIVE = "me te se nous vous se".split()
NEGATION = {"not": "pas", "never": "jamais", "no longer": "plus", "not yet": "pas encore", "nothing": "rien"}
BRIEF = ("bien", "mal", "beaucoup", "trop")


class French(FrenchNounPhrases):
    """Writes trees in French."""

    def clause(self, clause: Clause) -> str:
        index = self.agreement(clause.subject)[0]
        if clause.tense == "command":
            return self._command(clause, index)
        near, far = self._verbs(clause, index)
        clitics = " ".join(self._clitics(clause, index))
        far_clitics = clause.governing is not None or clause.tense in ("near", "just")
        finite = join("" if far_clitics else clitics, near)
        negative = clause.polarity != "yes" or clause.subject == Indefinite("nobody")
        before = join("ne" if negative else "", finite)
        adverb = self.write(clause.adverb) if clause.adverb else ""
        middle = join(NEGATION.get(clause.polarity, ""), adverb)
        if (
            clause.tense in ("past", "perfect")
            and clause.adjuncts
            and self.write(clause.adjuncts[0]) in BRIEF
            and not far_clitics
        ):
            middle = join(middle, self.write(clause.adjuncts[0]))  # elle a bien chanté
            clause = clause.replace(adjuncts=clause.adjuncts[1:])
        prefix, infinitive = far
        end = join(middle, prefix, clitics if far_clitics else "", infinitive, self._objects(clause))
        return self._ordered(clause, before, end)

    def _ordered(self, clause: Clause, verb: str, end: str) -> str:
        """Subject, verb and the rest, as a statement or as one of three kinds of question."""
        subject, ask = clause.subject, clause.ask
        person = isinstance(subject, Pronoun)
        index, gender, _ = self.agreement(subject)
        feminine = {2: "elle", 5: "elles"}
        pronoun = feminine.get(index, SUBJECT[index]) if gender == "f" else SUBJECT[index]
        written = pronoun if person else self.phrase(subject)
        if ask is None:
            return join(written, verb, end)
        if ask == "yes/no":
            return join("est-ce que", written, verb, end)
        question = self.write(ask)
        if question.endswith("est-ce que"):
            return join(question, written, verb, end)
        if person and index != 0:
            bridge = "-t-" if index == 2 and verb[-1] in "aec" else "-"
            return join(question, verb + bridge + pronoun, end)
        if clause.verb.frame == "be" and not person and clause.predicate is None and not clause.verb.fr.rest:
            return join(question, verb, written, end)
        return join(question, "est-ce que", written, verb, end)

    def _verbs(self, clause: Clause, index: int) -> tuple[str, tuple[str, str]]:
        """The conjugated verb, and what follows it: (words up to the clitics, infinitive or participle and rest)."""
        word, governing = clause.verb.fr, clause.governing
        head = governing.fr if governing else word
        lasting = (governing or clause.verb).frame in ("stative", "infinitive-stative", "be")
        rest = join(head.rest, head.preposition) if governing else ""
        infinitive = join(word.infinitive, word.rest)
        tense = {"future": "future", "was": "imperfect", "used": "imperfect"}.get(clause.tense, "present")
        if clause.tense == "past" and lasting:
            tense = "imperfect"
        if governing and governing.frame == "conditional":
            tense = "conditional"
        if clause.tense == "near":
            return forms.conjugate("aller", "present", index), ("", infinitive)
        if clause.tense == "just":
            return forms.conjugate("venir", "present", index), ("de", infinitive)
        if clause.tense in ("past", "perfect") and tense == "present":
            auxiliary = "être" if word.reflexive or head.infinitive in ETRE else "avoir"
            if governing:
                auxiliary = "avoir"
                participle = forms.participle(head.infinitive)
                return forms.conjugate(auxiliary, tense, index), (join(participle, rest), infinitive)
            participle = self._participle(clause, auxiliary)
            return forms.conjugate(auxiliary, tense, index), ("", join(participle, word.rest))
        finite = forms.conjugate(head.infinitive, tense, index)
        return finite, (rest, infinitive) if governing else ("", word.rest)

    def _participle(self, clause: Clause, auxiliary: str) -> str:
        """With être it agrees with the subject, with avoir with a direct object that comes before."""
        participle = forms.participle(clause.verb.fr.infinitive)
        agrees = clause.subject if auxiliary == "être" else clause.object
        if auxiliary == "avoir" and (not isinstance(agrees, Pronoun | Gap) or clause.verb.fr.preposition):
            return participle
        _, gender, plural = self.agreement(agrees)
        return forms.agreed(participle, gender, plural)

    def _clitics(self, clause: Clause, index: int) -> list[str]:
        """me te se nous vous < le la les < lui leur."""
        reflexive = [REFLEXIVE[index]] if clause.verb.fr.reflexive else []
        dative, direct = self._persons(clause)
        if dative in ("lui", "leur"):
            return [*reflexive, *direct, dative]
        return [*reflexive, *([dative] if dative else []), *direct]

    def _persons(self, clause: Clause) -> tuple[str, list[str]]:
        """The dative and the direct pronoun of a clause."""
        node, to = clause.object, clause.to
        if isinstance(node, Pronoun) and clause.verb.fr.preposition == "à":
            node, to = None, node
        dative = DATIVE[self.agreement(to)[0]] if isinstance(to, Pronoun) else ""
        if not isinstance(node, Pronoun):
            return dative, []
        index, gender, _ = self.agreement(node)
        return dative, ["la" if index == 2 and gender == "f" else DIRECT[index]]

    def _objects(self, clause: Clause) -> str:
        """What stands after the verb: personne, the object, the recipient, the predicate, the adjuncts."""
        node, word = clause.object, clause.verb.fr
        parts = ["personne"] if clause.polarity == "nobody" else []
        if node is not None and not isinstance(node, Pronoun | Gap):
            thing = self.phrase(node, negative=clause.polarity != "yes" and not word.preposition)
            parts.append(forms.contract(word.preposition, thing) if word.preposition else thing)
        if clause.to is not None and not isinstance(clause.to, Pronoun):
            parts.append(self.with_preposition("à", clause.to))
        if isinstance(clause.predicate, Predicate):
            parts.append(self.predicate(clause.predicate, *self.agreement(clause.subject)[1:]))
        elif clause.predicate is not None:
            parts.append(self.phrase(clause.predicate))
        return join(*parts, *[self.write(phrase) for phrase in clause.adjuncts])

    def _command(self, clause: Clause, index: int) -> str:
        """Donnez-le-moi, levons-nous, ne le lui donnez pas."""
        verb = forms.command(clause.verb.fr.infinitive, index)
        end = join(clause.verb.fr.rest, self._objects(clause))
        if clause.polarity != "yes":
            clitics = join(*self._clitics(clause, index))
            return join("ne", clitics, verb, NEGATION[clause.polarity], end)
        dative, direct = self._persons(clause)
        own = [REFLEXIVE[index]] if clause.verb.fr.reflexive else []
        strong = {"me": "moi", "te": "toi"}
        with_preposition = [strong.get(clitic, clitic) for clitic in (*direct, dative, *own) if clitic]
        return join("-".join([verb, *with_preposition]), end)
