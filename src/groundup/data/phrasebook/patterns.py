"""How often each kind of sentence is drawn."""

from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random

from groundup.data.phrasebook import acting, being, circumstances, joining
from groundup.data.phrasebook.choices import Choices
from groundup.data.phrasebook.meaning import Template

PATTERNS: tuple[tuple[int, Callable[[Choices], Template]], ...] = (
    (130, acting.act),
    (35, acting.alone),
    (55, acting.hand),
    (30, acting.own),
    (75, acting.wish),
    (30, acting.nobody),
    (35, acting.yes_no),
    (25, acting.may),
    (35, acting.wh),
    (20, acting.what),
    (15, acting.who),
    (10, acting.where_is),
    (28, acting.command),
    (30, being.being),
    (12, being.asked_being),
    (60, being.quality),
    (35, being.compared),
    (15, being.profession),
    (25, being.located),
    (20, being.there_is),
    (10, being.hurts),
    (20, being.likes),
    (3, being.nearest),
    (10, circumstances.number),
    (12, circumstances.sum_of),
    (20, circumstances.price),
    (10, circumstances.counted),
    (12, circumstances.age),
    (20, circumstances.hour),
    (20, circumstances.day),
    (20, circumstances.weather),
    (40, circumstances.place),
    (12, circumstances.since),
    (10, circumstances.tongue),
    (15, circumstances.game),
    (15, circumstances.polite),
    (12, circumstances.measured),
    (20, circumstances.amounts),
    (25, joining.topic),
    (15, joining.lost),
    (30, joining.contrast),
    (35, joining.that),
    (22, joining.because),
    (30, joining.condition),
    (15, joining.meanwhile),
    (40, joining.relative),
    (60, joining.two),
    (30, joining.passive),
    (25, joining.owned),
)


def meanings(seed: int) -> Iterator[Template]:
    """What the sentences of a seed say, for ever; the same for every language."""
    rng = Random(seed)
    choices, draws = Choices(rng), [pattern for _, pattern in PATTERNS]
    bounds = list(accumulate(weight for weight, _ in PATTERNS))
    while True:
        yield rng.choices(draws, cum_weights=bounds)[0](choices)
