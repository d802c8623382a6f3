"""Strategies: the three ways to generate a text, `Greedy`, `Sample` and `Beams`, as frozen records.

Options have Hugging Face's names, and filters run in its order: repetition penalty, n-gram ban, bad words, temperature,
top-k, top-p, min-p.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, Protocol

import torch
from torch import Tensor

from groundup.decode.filters import min_p, top_k, top_p
from groundup.decode.rules import Rules

COLD = 1e-30
"""Below this temperature, logits divided by it may exceed the range of float32, unless the largest of them is 0."""

EarlyStopping = bool | Literal["never"]
Divisor = Callable[[int, float], float]


class Picker(Protocol):
    """(logits (B, V), ids so far (B, T), -1 at padding) -> chosen ids (B,).

    rows: a number for each text. A text with a number draws from its own random stream, independent of other texts.
    """

    def __call__(self, logits: Tensor, ids: Tensor, rows: Sequence[int] | None = None, /) -> Tensor: ...


class Choose(Protocol):
    """A strategy that chooses one token after the other. Each `begin` starts the same random draws again."""

    def begin(self, device: torch.device) -> Picker: ...


def by_length(n: int, length_penalty: float) -> float:
    """n ** length_penalty: with 1.0 the score is the mean ln p of a token; Wu et al. 2016 found 0.6 to 0.7 best."""
    return n**length_penalty


def gnmt(n: int, length_penalty: float) -> float:
    """((5 + n) / 6) ** length_penalty, the final choice of Wu et al. 2016 (section 7); flatter for short answers."""
    return ((5 + n) / 6) ** length_penalty


DIVISORS: dict[str, Divisor] = {"average": by_length, "gnmt": gnmt}
"""The divisors by the names that users give."""


@dataclass(frozen=True, kw_only=True)
class Greedy(Rules):
    """Always choose the likeliest token."""

    def begin(self, device: torch.device) -> Picker:
        return lambda logits, ids, rows=None: self.checked(logits, ids).argmax(dim=-1)


@dataclass(frozen=True, kw_only=True)
class Sample(Rules):
    """Draw a token by its probability, after the filters that are set. The same seed draws the same tokens.

    `seed=None` draws differently each time. The rows of a batch draw in turn from one stream, unless the picker gets
    their numbers: then row r draws from a stream made from (seed, r); for r = 0 it is the stream of the seed itself.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise ValueError(
                f"temperature ({self.temperature}) must be above 0; for the likeliest token every time use Greedy"
            )
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k ({self.top_k}) must be at least 1; leave it out to keep every token")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p ({self.top_p}) must be above 0 and at most 1; try 0.95")
        if self.min_p is not None and not 0 <= self.min_p <= 1:
            raise ValueError(f"min_p ({self.min_p}) must be between 0 and 1; try 0.05")
        if self.seed is not None and not 0 <= self.seed < 2**63:
            raise ValueError(f"seed ({self.seed}) must be at least 0 and below 2 ** 63; try 0")
        super().__post_init__()

    def begin(self, device: torch.device) -> Picker:
        seed = torch.Generator().seed() if self.seed is None else self.seed

        @cache
        def stream(row: int) -> torch.Generator:
            # Multiples of an odd number: torch's CPU generator uses 32 bits, and no two rows have the same 32 bits.
            return torch.Generator(device).manual_seed((seed + row * 0x9E3779B1) % 2**63)

        def pick(logits: Tensor, ids: Tensor, rows: Sequence[int] | None = None, /) -> Tensor:
            probs = self.filter(self.checked(logits, ids)).softmax(dim=-1)
            if rows is None:
                return torch.multinomial(probs, 1, generator=stream(0)).squeeze(1)
            drawn = [torch.multinomial(p, 1, generator=stream(r)) for p, r in zip(probs, rows, strict=True)]
            return torch.cat(drawn)

        return pick

    def filter(self, logits: Tensor) -> Tensor:
        """Apply temperature and truncations, (B, V) -> (B, V). Tokens are drawn from the softmax of the result."""
        if self.temperature < COLD:
            logits = logits - logits.amax(dim=-1, keepdim=True)
        logits = logits / max(self.temperature, torch.finfo(torch.float32).tiny)
        if self.top_k is not None:
            logits = top_k(logits, self.top_k)
        if self.top_p is not None:
            logits = top_p(logits, self.top_p)
        if self.min_p is not None:
            logits = min_p(logits, self.min_p)
        return logits


@dataclass(frozen=True, kw_only=True)
class Beams(Rules):
    """Beam search for the likeliest whole text (`decode.beam`), with `width` hypotheses at a time.

    Answers of n tokens are ranked by ln p / divisor(n, length_penalty). With a repetition penalty, the sum of the
    log-probabilities after the penalty replaces ln p, as in Hugging Face's libraries.
    """

    width: int = field(default=4, kw_only=False)
    length_penalty: float = 1.0
    """Larger values favour longer answers; 0 ranks by ln p only."""
    divisor: Literal["average", "gnmt"] | Divisor = "average"
    """"average" is n ** length_penalty, "gnmt" ((5 + n) / 6) ** length_penalty; or a function of both numbers."""
    early_stopping: EarlyStopping = False
    """False: stop when the best living hypothesis, at its present length, cannot beat the worst finished one. "never":
    the same, at the length that is best for it (exact, but slow). True: stop as soon as `width` are finished."""

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"num_beams ({self.width}) must be at least 1; try 4")
        if not abs(self.length_penalty) <= 10:  # with larger values, n ** length_penalty exceeds the range of floats
            raise ValueError(f"length_penalty ({self.length_penalty}) must lie between -10 and 10; try 1.0")
        if isinstance(self.divisor, str) and self.divisor not in DIVISORS:
            raise ValueError(f"divisor ({self.divisor!r}) must be {' or '.join(DIVISORS)}, or a function")
        if self.early_stopping not in (False, True, "never"):
            raise ValueError(f"early_stopping ({self.early_stopping!r}) must be False, True or 'never'")
        super().__post_init__()

    def score(self, total: float, n: int) -> float:
        """Return the score that ranks a hypothesis of n tokens. total: the sum of their log-probabilities."""
        divisor = DIVISORS[self.divisor] if isinstance(self.divisor, str) else self.divisor
        return total / divisor(n, self.length_penalty)


Strategy = Choose | Beams
"""The strategies that a run accepts as `choose`."""


def score(strategy: Strategy, logprob: float, n: int) -> float:
    """Return the score of an answer of n tokens: that of the beam search, or else the mean ln p of a token."""
    return strategy.score(logprob, n) if isinstance(strategy, Beams) else logprob / n


class Going:
    """A picker that has begun already: its random draws continue from call to call. rows: its texts' numbers."""

    def __init__(self, pick: Picker, rows: Sequence[int] | None = None):
        self._pick, self._rows = pick, rows

    def begin(self, device: torch.device) -> Picker:
        if self._rows is None:
            return self._pick
        return lambda logits, ids, rows=None: self._pick(logits, ids, self._rows)
