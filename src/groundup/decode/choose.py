"""Choosing the next token: small filters over logits, and the two ways to pick, `Greedy` and `Sample`.

A filter takes logits (B, V) and gives logits (B, V); -inf is a token that cannot be chosen. Names and order are those
of Hugging Face: repetition penalty, n-gram ban, temperature, top-k, top-p, min-p.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import torch
from torch import Tensor

COLD = 1e-30
"""A temperature so low that logits divided by it may leave the range of float32, unless the largest of them is 0."""


class Picker(Protocol):
    """(logits (B, V), ids so far (B, T), -1 at padding) -> chosen ids (B,). rows: the numbers of these texts, where
    each has randomness of its own, whatever the others do."""

    def __call__(self, logits: Tensor, ids: Tensor, rows: Sequence[int] | None = None, /) -> Tensor: ...


class Choose(Protocol):
    """A way to choose. `begin` makes a fresh picker, so the same settings and seed give the same text again."""

    def begin(self, device: torch.device) -> Picker: ...


def top_k(logits: Tensor, k: int) -> Tensor:
    """Only the k likeliest tokens (Fan et al. 2018, section 5.4)."""
    kth = logits.topk(min(k, logits.shape[-1])).values[:, -1:]
    return logits.masked_fill(logits < kth, -math.inf)


def top_p(logits: Tensor, p: float) -> Tensor:
    """The nucleus: the fewest likeliest tokens that together hold probability p (Holtzman et al. 2020, section 3.1)."""
    ordered, index = logits.sort(dim=-1, descending=True)
    probs = ordered.softmax(dim=-1)
    outside = probs.cumsum(dim=-1) - probs >= p  # what stands before a token holds p already; never the first
    return logits.masked_fill(outside.scatter(-1, index, outside), -math.inf)


def min_p(logits: Tensor, p: float) -> Tensor:
    """Tokens at least p times as likely as the likeliest (Nguyen et al. 2024, section 3)."""
    if p == 0:
        return logits
    return logits.masked_fill(logits < logits.amax(dim=-1, keepdim=True) + math.log(p), -math.inf)


def repetition_penalty(logits: Tensor, ids: Tensor, penalty: float) -> Tensor:
    """Tokens of ids (B, T) made less likely: logits / penalty, or * penalty below 0 (CTRL, Keskar et al. 2019, 4.1)."""
    penalised = torch.where(logits < 0, logits * penalty, logits / penalty)
    return torch.where(_marked(ids, logits), penalised, logits)


def no_repeat_ngram(logits: Tensor, ids: Tensor, n: int) -> Tensor:
    """No token that would complete, for the second time in ids (B, T), the same n tokens (Paulus et al. 2018, 2.5)."""
    T = ids.shape[1]
    if n > T:
        return logits
    windows = ids.unfold(1, n, 1)  # (B, T - n + 1, n)
    begun = (windows[:, :, :-1] == ids[:, None, T - n + 1 :]).all(dim=-1)
    return logits.masked_fill(_marked(windows[:, :, -1].where(begun, -1), logits), -math.inf)


def _marked(ids: Tensor, logits: Tensor) -> Tensor:
    """(B, V) bool: True at the ids (B, N) of each row; -1 marks nothing."""
    B, V = logits.shape
    marks = torch.zeros(B, V + 1, dtype=torch.bool, device=logits.device)
    return marks.scatter_(1, ids.where(ids >= 0, V), True)[:, :V]


@dataclass(frozen=True, kw_only=True)
class Greedy:
    """The likeliest token, every time."""

    repetition_penalty: float | None = None
    no_repeat_ngram_size: int | None = None

    def __post_init__(self) -> None:
        check_repetition(self.repetition_penalty, self.no_repeat_ngram_size)

    def begin(self, device: torch.device) -> Picker:
        return lambda logits, ids, rows=None: _discourage(logits, ids, self).argmax(dim=-1)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A token drawn by its probability, after the filters that are set; the same seed draws the same tokens.

    `seed=None` draws anew each time. Rows of one batch draw one after the other from one stream, unless the picker is
    told their numbers: then row r draws from a stream made of (seed, r), of which r = 0 is the seed's own.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    no_repeat_ngram_size: int | None = None
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
        check_repetition(self.repetition_penalty, self.no_repeat_ngram_size)

    def begin(self, device: torch.device) -> Picker:
        seed = torch.Generator().seed() if self.seed is None else self.seed

        @cache
        def stream(row: int) -> torch.Generator:
            # Steps of an odd number: torch's CPU generator looks at 32 bits, and in these no two rows meet.
            return torch.Generator(device).manual_seed((seed + row * 0x9E3779B1) % 2**63)

        def pick(logits: Tensor, ids: Tensor, rows: Sequence[int] | None = None, /) -> Tensor:
            probs = self.filter(_discourage(logits, ids, self)).softmax(dim=-1)
            if rows is None:
                return torch.multinomial(probs, 1, generator=stream(0)).squeeze(1)
            drawn = [torch.multinomial(p, 1, generator=stream(r)) for p, r in zip(probs, rows, strict=True)]
            return torch.cat(drawn)

        return pick

    def filter(self, logits: Tensor) -> Tensor:
        """Temperature and the truncations, (B, V) -> (B, V): what is drawn from is the softmax of this."""
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


def _discourage(logits: Tensor, ids: Tensor, by: Greedy | Sample) -> Tensor:
    """Both penalties for repetition, as far as they are set."""
    if by.repetition_penalty is not None:
        logits = repetition_penalty(logits, ids, by.repetition_penalty)
    if by.no_repeat_ngram_size is not None:
        logits = no_repeat_ngram(logits, ids, by.no_repeat_ngram_size)
        if logits.isneginf().all(dim=-1).any():
            raise all_forbidden(by.no_repeat_ngram_size, logits, ids)
    return logits


def all_forbidden(ngram_size: int, logits: Tensor, ids: Tensor) -> ValueError:
    """What to raise where the n-gram ban leaves none of logits (B, V) after ids (B, T)."""
    return ValueError(
        f"no_repeat_ngram_size ({ngram_size}) forbids each of the {logits.shape[1]} tokens after {ids.shape[1]}; "
        "use a larger one or fewer max_new_tokens"
    )


def check_repetition(penalty: float | None, ngram_size: int | None) -> None:
    """ValueError for a repetition_penalty or no_repeat_ngram_size that cannot be meant; None is left out."""
    if penalty is not None and not 0 < penalty < math.inf:
        raise ValueError(f"repetition_penalty ({penalty}) must be above 0; 1 changes nothing, try 1.2")
    if ngram_size is not None and ngram_size < 1:
        raise ValueError(f"no_repeat_ngram_size ({ngram_size}) must be at least 1; try 3")
