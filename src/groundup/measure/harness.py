"""HellaSwag as lm-evaluation-harness puts it (its task `hellaswag`, version 1.0), so that its figures can be compared.

    query = clean("activity label: context")      clean takes out the marks of WikiHow
    score(ending) = ln p(" " + clean(ending) | query)

Three things differ from `multiple_choice`: the activity label, the marks, and that query and ending are encoded
together and parted after as many tokens as the query has alone. `acc` takes the sum, `acc_norm` divides it by the
characters of the cleaned ending, as there.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from groundup.measure.multiple_choice import Item, Question


def asked(question: Question) -> Question:
    """The question with its query as context and its endings cleaned. A file of one's own may have no labels."""
    context = question.context
    if question.parts is not None:
        first, second = question.parts
        context = f"{first} {second.capitalize()}"
    query = context if question.activity is None else f"{question.activity}: {context}"
    return replace(question, context=clean(query), endings=tuple(map(clean, question.endings)))


def clean(text: str) -> str:
    """Without [header] and other marks; pairs of spaces become one."""
    text = text.strip().replace(" [title]", ". ")
    return re.sub(r"\[.*?\]", "", text).replace("  ", " ")


def encode(question: Question, encoder: Callable[[str], Sequence[int]], *, context: int) -> list[Item]:
    """Encode what `asked` gave so that it fits a model's context. ValueError if an ending alone does not.

    It is one item, or one for each ending where the query loses its beginning: as much of it stays as this ending
    leaves room for.
    """
    before = list(encoder(question.context.rstrip()))  # a space at its end goes to the endings
    endings = [tuple(encoder(f"{question.context} {one}")[len(before) :]) for one in question.endings]
    longest = max(map(len, endings))
    if not min(map(len, endings)) or longest > context:
        raise ValueError(
            f"line {question.line}: an ending has {longest} tokens, the model's context is {context}; shorten it"
        )
    if not before:
        raise ValueError(f"line {question.line}: its context has no tokens")
    if len(before) + longest <= context + 1:  # the last token of an ending is predicted, not read
        return [Item(tuple(before), tuple(endings))]
    rooms = [context + 1 - len(ending) for ending in endings]
    return [
        Item(tuple(before[-room:]), (ending,), cut=len(before) > room)
        for ending, room in zip(endings, rooms, strict=True)
    ]
