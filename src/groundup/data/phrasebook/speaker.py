"""What the three languages share: a speaker says any node of a tree, and fills the slots of a template."""

from abc import ABC, abstractmethod
from typing import Any

from groundup.data.phrasebook.meaning import Clause, Fixed, Gap, Name, Person, Quantity, Said, Template, Thing


class Slot:
    """A node waiting in a template: {x} says it, {x:de} says it after the preposition de."""

    def __init__(self, speaker: "Speaker", node: Any):
        self.speaker, self.node = speaker, node

    def __format__(self, preposition: str) -> str:
        if preposition:
            return self.speaker.joined(preposition, self.node)
        return self.speaker.say(self.node)


class Speaker(ABC):
    """One language: how it says noun phrases and clauses, joins prepositions, and writes a finished sentence."""

    language: str

    def say(self, node: Any) -> str:
        """Any node, as this language says it."""
        match node:
            case Template():
                slots = {name: Slot(self, value) for name, value in node.slots.items()}
                return getattr(node, self.language).format_map(slots)
            case Clause():
                return self.clause(node)
            case Fixed():
                return getattr(node, self.language)
            case str():
                return node
        assert isinstance(node, Thing | Name | Person | Quantity | Gap), node
        return self.phrase(node)

    def sentence(self, node: Any) -> str:
        """A whole sentence: said, spelt, with capitals."""
        text = self.spelt(self.say(node))
        if "? " in text:
            head, mark, rest = text.partition("? ")
            text = head + mark + rest[0].upper() + rest[1:]
        return text[0].upper() + text[1:]

    @abstractmethod
    def phrase(self, node: Any) -> str:
        """A noun phrase or pronoun as it stands alone, after a preposition, or as a subject."""

    @abstractmethod
    def clause(self, clause: Clause) -> str:
        """A conjugated clause."""

    @abstractmethod
    def said(self, said: Said, gender: str, plural: bool) -> str:
        """What somebody is said to be."""

    @abstractmethod
    def joined(self, preposition: str, node: Any) -> str:
        """A preposition and a noun phrase: du garçon, al ragazzo."""

    def spelt(self, text: str) -> str:
        """The spelling of neighbouring words, once all words are there: j'ai, l'ho."""
        return text


def words(*parts: str) -> str:
    """The parts that are there, with one space between them."""
    return " ".join(filter(None, parts))


def numbers(noun_form: Any, several: bool) -> tuple[str, bool]:
    """The gender and number of a noun phrase in one language: scissors are many, un pantalon is one."""
    plural = noun_form.only == "pl" or (several and noun_form.only is None)
    return (noun_form.plural_gender if plural else noun_form.gender), plural
