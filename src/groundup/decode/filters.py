"""Filters: small functions over the scores of the next token, (B, V) -> (B, V), in which -inf forbids a token.

A score is a logit or a log-probability. Names and results are those of Hugging Face's logits processors.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def top_k(logits: Tensor, k: int) -> Tensor:
    """Keep only the k likeliest tokens (Fan et al. 2018, section 5.4)."""
    kth = logits.topk(min(k, logits.shape[-1])).values[:, -1:]
    return logits.masked_fill(logits < kth, -math.inf)


def top_p(logits: Tensor, p: float) -> Tensor:
    """Keep the nucleus: the fewest likeliest tokens with total probability p (Holtzman et al. 2020, section 3.1)."""
    ordered, index = logits.sort(dim=-1, descending=True)
    probs = ordered.softmax(dim=-1)
    outside = probs.cumsum(dim=-1) - probs >= p  # the tokens before this one sum to p already; never the first token
    return logits.masked_fill(outside.scatter(-1, index, outside), -math.inf)


def min_p(logits: Tensor, p: float) -> Tensor:
    """Keep tokens at least p times as likely as the likeliest (Nguyen et al. 2024, section 3)."""
    if p == 0:
        return logits
    return logits.masked_fill(logits < logits.amax(dim=-1, keepdim=True) + math.log(p), -math.inf)


def repetition_penalty(logits: Tensor, ids: Tensor, penalty: float) -> Tensor:
    """Make tokens of ids (B, T) less likely: logits / penalty, or * penalty below 0 (CTRL, Keskar et al. 2019, 4.1)."""
    penalised = torch.where(logits < 0, logits * penalty, logits / penalty)
    return torch.where(_marked(ids, logits), penalised, logits)


def no_repeat_ngram(logits: Tensor, ids: Tensor, n: int) -> Tensor:
    """Forbid tokens that would repeat a sequence of n tokens in ids (B, T) (Paulus et al. 2018, 2.5)."""
    T = ids.shape[1]
    if n > T:
        return logits
    windows = ids.unfold(1, n, 1)  # (B, T - n + 1, n)
    begun = (windows[:, :, :-1] == ids[:, None, T - n + 1 :]).all(dim=-1)
    return logits.masked_fill(_marked(windows[:, :, -1].where(begun, -1), logits), -math.inf)


def bad_words(logits: Tensor, ids: Tensor, words: Sequence[Sequence[int]]) -> Tensor:
    """Forbid tokens that would complete one of the words (sequences of ids) at the end of ids (B, T)."""
    T, V = ids.shape[1], logits.shape[-1]
    if (last := max(word[-1] for word in words)) >= V:
        raise ValueError(f"bad_words_ids names token {last}, the vocabulary has {V}; were they made by its tokenizer?")
    logits = logits.clone()
    logits[:, [word[0] for word in words if len(word) == 1]] = -math.inf
    for *begun, last in (word for word in words if 1 < len(word) <= T + 1):
        rows = (ids[:, T - len(begun) :] == ids.new_tensor(begun)).all(dim=-1)
        logits[rows, last] = -math.inf
    return logits


def _marked(ids: Tensor, logits: Tensor) -> Tensor:
    """Return (B, V) bool, True at the ids (B, N) of each row; -1 is ignored."""
    B, V = logits.shape
    marks = torch.zeros(B, V + 1, dtype=torch.bool, device=logits.device)
    return marks.scatter_(1, ids.where(ids >= 0, V), True)[:, :V]
