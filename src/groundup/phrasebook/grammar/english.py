"""English sentences: do-support, auxiliaries, pronouns before particles (turn it on), some and any."""

from typing import Any

from groundup.phrasebook.grammar import english_inflection as forms
from groundup.phrasebook.grammar import numerals
from groundup.phrasebook.grammar.language import Language, gender_number, join
from groundup.phrasebook.grammar.tree import Clause, Gap, Indefinite, Name, NounPhrase, Predicate, Pronoun

PARTICLES = frozenset("up on off away down out".split())
MODALS = frozenset(("can", "must", "would", "should", "could"))
PEOPLE = frozenset(("person", "family", "job"))
_SUBJECT = {(1, False): "I", (1, True): "we", (2, False): "you", (3, True): "they"}
_OBJECT = {(1, False): "me", (1, True): "us", (2, False): "you", (3, True): "them"}
_THIRD = {"m": ("he", "him"), "f": ("she", "her"), "n": ("it", "it")}
_NEGATED = {"can": "can't", "must": "mustn't", "will": "won't", "am": "am not"}
_MID = {"never": "never", "no longer": "no longer"}
_LAST = {"nothing": "anything", "nobody": "anyone"}
_SINGULAR, _PLURAL = {"this": "this", "that": "that"}, {"this": "these", "that": "those"}


class English(Language):
    """Writes trees in English."""

    language = "en"

    def agreement(self, node: Any) -> tuple[int, bool]:
        """Person and number, for the verb."""
        match node:
            case Pronoun(of=NounPhrase() as thing):
                return 3, gender_number(thing.noun.en, thing.plural)[1]
            case Pronoun():
                return node.person, node.plural or node.person == 2
            case NounPhrase():
                return 3, gender_number(node.noun.en, node.plural)[1]
            case Gap():
                return self.agreement(node.of)
        return 3, False

    def phrase(self, node: Any, *, as_object: bool = True, few: bool = False) -> str:
        """A noun phrase. `few`: any instead of some; `as_object`: me instead of I."""
        match node:
            case Pronoun():
                plural = self.agreement(node)[1]
                if node.person == 3 and not plural:
                    return _THIRD["n" if node.of else node.gender][as_object]
                return (_OBJECT if as_object else _SUBJECT)[node.person, node.plural or (plural and node.person == 3)]
            case Name():
                return node.name
            case Indefinite():
                return node.which
            case Gap():
                return "who" if node.of.noun.kind in PEOPLE else "that"
            case NounPhrase():
                return self._noun_phrase(node, few)
        return self.write(node)

    def _noun_phrase(self, node: NounPhrase, few: bool) -> str:
        form, plural = node.noun.en, self.agreement(node)[1]
        adjectives = [adjective.en[0] for adjective in node.adjectives]
        noun = join(*adjectives, form.plural if plural else form.singular)
        if node.owner is not None:
            text = f"{self._genitive(node.owner)} {noun}"
        else:
            text = join(self._determiner(node, noun, plural, few), noun)
        if isinstance(node.relative, Clause):
            that = "" if isinstance(node.relative.subject, Gap) else "that"
            text = join(text, that, self.clause(node.relative))
        return text

    def _genitive(self, owner: Any) -> str:
        text = self.phrase(owner)
        return text + ("'" if text.endswith("s") and isinstance(owner, NounPhrase) else "'s")

    def _determiner(self, node: NounPhrase, noun: str, plural: bool, few: bool) -> str:
        match node.det:
            case "a":
                return forms.article(noun) if not plural else "any" if few else "some"
            case "some":
                return "any" if few else "some"
            case "this" | "that":
                return (_PLURAL if plural else _SINGULAR)[node.det]
            case "too much" | "how much":
                return node.det.replace("much", "many") if plural else node.det
            case "count":
                return numerals.english(node.count)
            case "bare" | "generic":
                return ""
        return node.det

    def with_preposition(self, preposition: str, node: Any) -> str:
        return f"{preposition} {self.phrase(node)}"

    def predicate(self, predicate: Predicate, gender: str = "", plural: bool = False) -> str:
        base, comparative = predicate.adjective.en
        match predicate.degree:
            case "more":
                return join(comparative, "than", self.phrase(predicate.than))
            case "less":
                return join("less", base, "than", self.phrase(predicate.than))
            case "as":
                return join("as", base, "as", self.phrase(predicate.than))
        return join(predicate.degree, base)

    def clause(self, clause: Clause) -> str:
        verb, word = clause.verb, (clause.governing or clause.verb).en
        auxiliary, main, plain = self._group(clause)
        never = _MID.get(clause.polarity, "")
        negative = clause.polarity in ("not", "not yet", "nothing", "nobody")
        adverb = join(self.write(clause.adverb) if clause.adverb else "", "just" if clause.tense == "just" else "")
        after = join(word.rest, verb.en.base) if clause.governing else ""
        objects = self._objects(clause, few=negative or bool(never) or clause.ask == "yes/no")
        adjuncts = join(*[self.write(phrase) for phrase in clause.adjuncts])
        yet = "yet" if clause.polarity == "not yet" else ""
        end = join(after, objects, adjuncts, yet)
        if clause.tense == "command":
            return join(self._command(clause, negative), verb.en.base, objects, adjuncts)
        subject = self.phrase(clause.subject, as_object=False)
        if negative:
            auxiliary = _NEGATED.get(auxiliary) or auxiliary + "n't"
        if clause.ask is not None:
            question = "" if clause.ask == "yes/no" else self.write(clause.ask)
            return join(question, auxiliary, subject, never, adverb, main, end)
        if negative or plain is None:
            return join(subject, auxiliary, never, adverb, main, end)
        return join(subject, never, adverb, plain, end)

    def _command(self, clause: Clause, negative: bool) -> str:
        if clause.subject.plural:
            return "let's not" if negative else "let's"
        return "don't" if negative else ""

    def _group(self, clause: Clause) -> tuple[str, str, str | None]:
        """Auxiliary and main verb, and the single verb of a plain statement (None if it needs an auxiliary too)."""
        word = (clause.governing or clause.verb).en
        person, plural = self.agreement(clause.subject)
        third = person == 3 and not plural
        am = "is" if third else "are" if plural else "am"
        was = "were" if plural else "was"
        match clause.tense:
            case "now":
                return am, word.ing, None
            case "was":
                return was, word.ing, None
            case "near":
                return am, f"going to {word.base}", None
            case "future":
                return "will", word.base, None
            case "perfect" | "just":
                return ("has" if third else "have"), word.participle, None
            case "used":
                return "did", f"use to {word.base}", f"used to {word.base}"
            case "past":
                return (was, "", None) if word.base == "be" else ("did", word.base, word.past)
        if word.base == "be":
            return am, "", None
        if word.base in MODALS:
            return word.base, "", None
        return ("does" if third else "do"), word.base, word.third if third else word.base

    def _objects(self, clause: Clause, few: bool) -> str:
        """Everything after the verb but the adjuncts; a pronoun goes before a particle, a person before a thing."""
        node, rest = clause.object, clause.verb.en.rest
        thing = self.phrase(node, few=few) if node is not None and not isinstance(node, Gap) else ""
        thing = thing or _LAST.get(clause.polarity, "")
        first = isinstance(node, Pronoun) and rest in PARTICLES
        text = join(thing, rest) if first else join(rest, thing)
        if clause.predicate is not None:
            predicate = clause.predicate
            text = join(text, self.predicate(predicate) if isinstance(predicate, Predicate) else self.phrase(predicate))
        if clause.to is None:
            return text
        person_first = (
            clause.verb.frame == "ditransitive" and isinstance(clause.to, Pronoun) and isinstance(node, NounPhrase)
        )
        if person_first:
            return join(self.phrase(clause.to), text)
        return join(text, self.with_preposition("to", clause.to))
