"""How often each kind of sentence is drawn."""

from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random

from groundup.data.phrasebook import acting, amounts, being, circumstances, describing, joining, whereabouts
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
    (25, whereabouts.located),
    (20, whereabouts.there_is),
    (10, being.hurts),
    (20, being.likes),
    (3, whereabouts.nearest),
    (10, amounts.number),
    (12, amounts.sum_of),
    (20, amounts.price),
    (10, amounts.counted),
    (12, amounts.age),
    (20, circumstances.hour),
    (20, circumstances.day),
    (20, circumstances.weather),
    (40, whereabouts.place),
    (12, whereabouts.since),
    (10, circumstances.tongue),
    (15, circumstances.game),
    (15, circumstances.polite),
    (12, amounts.measured),
    (20, amounts.amounts),
    (25, joining.topic),
    (15, joining.lost),
    (30, joining.contrast),
    (35, joining.that),
    (22, joining.because),
    (30, joining.condition),
    (15, joining.meanwhile),
    (40, describing.relative),
    (60, joining.two),
    (30, describing.passive),
    (25, describing.owned),
)


def meanings(seed: int) -> Iterator[Template]:
    """What the sentences of a seed say, for ever; the same for every language."""
    rng = Random(seed)
    choices, draws = Choices(rng), [pattern for _, pattern in PATTERNS]
    bounds = list(accumulate(weight for weight, _ in PATTERNS))
    while True:
        yield rng.choices(draws, cum_weights=bounds)[0](choices)
