"""What the three languages share: writing any node of a tree, and filling the slots of a template."""

from abc import ABC, abstractmethod
from typing import Any

from groundup.phrasebook.grammar.tree import (
    Clause,
    Gap,
    Indefinite,
    Name,
    NounPhrase,
    Phrase,
    Predicate,
    Pronoun,
    Template,
)


class Slot:
    """A node in a template: {x} writes it, {x:de} writes it after the preposition de."""

    def __init__(self, language: "Language", node: Any):
        self.language, self.node = language, node

    def __format__(self, preposition: str) -> str:
        if preposition:
            return self.language.with_preposition(preposition, self.node)
        return self.language.write(self.node)


class Language(ABC):
    """A language: writes noun phrases and clauses, joins prepositions, spells a finished sentence."""

    language: str

    def write(self, node: Any) -> str:
        """Any node in this language."""
        match node:
            case Template():
                slots = {name: Slot(self, value) for name, value in node.slots.items()}
                return getattr(node, self.language).format_map(slots)
            case Clause():
                return self.clause(node)
            case Phrase():
                return getattr(node, self.language)
            case str():
                return node
        assert isinstance(node, NounPhrase | Name | Pronoun | Indefinite | Gap), node
        return self.phrase(node)

    def sentence(self, node: Any) -> str:
        """A whole sentence with its spelling rules and capitals."""
        text = self.spell(self.write(node))
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
    def predicate(self, predicate: Predicate, gender: str, plural: bool) -> str:
        """A predicate adjective that agrees with the subject."""

    @abstractmethod
    def with_preposition(self, preposition: str, node: Any) -> str:
        """A preposition and a noun phrase: du garçon, al ragazzo."""

    def spell(self, text: str) -> str:
        """Apply the spelling rules between neighbouring words of a finished sentence: j'ai, l'ho."""
        return text


def join(*parts: str) -> str:
    """The parts that are not empty, with one space between them."""
    return " ".join(filter(None, parts))


def gender_number(forms: Any, several: bool) -> tuple[str, bool]:
    """The gender and number of a noun phrase in one language: scissors is plural, un pantalon singular."""
    plural = forms.only == "pl" or (several and forms.only is None)
    return (forms.plural_gender if plural else forms.gender), plural
