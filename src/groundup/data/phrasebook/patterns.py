"""How often each kind of sentence is drawn."""

from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random

from groundup.data.phrasebook import acting, amounts, being, circumstances, describing, joining, whereabouts
from groundup.data.phrasebook.choices import Choices
from groundup.data.phrasebook.meaning import Template

PATTERNS: tuple[tuple[int, Callable[[Choices], Template]], ...] = (
    (115, acting.act),
    (24, acting.alone),
    (40, acting.hand),
    (35, acting.own),
    (50, acting.wish),
    (25, acting.nobody),
    (28, acting.yes_no),
    (20, acting.may),
    (25, acting.wh),
    (20, acting.what),
    (10, acting.who),
    (12, acting.where_is),
    (18, acting.command),
    (50, being.being),
    (15, being.asked_being),
    (90, being.quality),
    (45, being.compared),
    (25, being.profession),
    (60, whereabouts.located),
    (45, whereabouts.there_is),
    (15, being.hurts),
    (28, being.likes),
    (4, whereabouts.nearest),
    (10, amounts.number),
    (20, amounts.sum_of),
    (45, amounts.price),
    (20, amounts.counted),
    (25, amounts.age),
    (35, circumstances.hour),
    (30, circumstances.day),
    (35, circumstances.weather),
    (75, whereabouts.place),
    (20, whereabouts.since),
    (15, circumstances.tongue),
    (20, circumstances.game),
    (25, circumstances.polite),
    (20, amounts.measured),
    (35, amounts.amounts),
    (25, joining.topic),
    (25, joining.lost),
    (35, joining.contrast),
    (30, joining.that),
    (18, joining.because),
    (26, joining.condition),
    (10, joining.meanwhile),
    (30, describing.relative),
    (25, joining.two),
    (20, describing.passive),
    (30, describing.owned),
)


def meanings(seed: int) -> Iterator[Template]:
    """What the sentences of a seed say, for ever; the same for every language."""
    rng = Random(seed)
    choices, draws = Choices(rng), [pattern for _, pattern in PATTERNS]
    bounds = list(accumulate(weight for weight, _ in PATTERNS))
    while True:
        yield rng.choices(draws, cum_weights=bounds)[0](choices)
