"""What the tokenizer tests share: text that needs no download, and a measure of how work grows."""

import random
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from groundup.data.stdlib import stdlib_texts
from groundup.phrasebook.corpus import phrasebook


@pytest.fixture(scope="session")
def prose() -> str:
    """About 300,000 characters of English and French, the same everywhere: the phrasebook in paragraphs."""
    sides = [" ".join(side) for side in zip(*phrasebook("fr", count=4000, seed=0), strict=True)]
    words, dice = " ".join(sides).split(" "), random.Random(0)
    return "".join(word + dice.choices(" \n\t", (40, 4, 1))[0] * dice.choice((1, 1, 1, 2)) for word in words)


@pytest.fixture(scope="session")
def source_code() -> str:
    """A megabyte of the standard library: runs of spaces, underscores, digits and quotes."""
    return "\n".join(islice(stdlib_texts(), 100))[:1_000_000]


@pytest.fixture
def growth() -> Callable[[Callable[[int], Any], int], float]:
    """How many times the processor time of work(n) work(8 n) takes: 8 if linear, 64 if quadratic."""

    def best(work: Callable[[int], Any], size: int) -> float:
        times = []
        for _ in range(2):
            began = time.process_time()
            work(size)
            times.append(time.process_time() - began)
        return min(times)

    return lambda work, size: best(work, 8 * size) / best(work, size)
