"""Beam search: the likeliest whole answer instead of the likeliest next token (Sutskever et al. 2014, section 3.2).

A hypothesis of n generated tokens, the end token included, has the score ln p(tokens) / divisor, where divisor is

    n ** length_penalty               `by_length`: Hugging Face's
    ((5 + n) / 6) ** length_penalty   `gnmt`: Wu et al. 2016, section 7, without their coverage penalty

so length_penalty = 0 judges by probability alone, which favours short answers; larger ones favour longer answers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from groundup.decode.choose import check_repetition, no_repeat_ngram
from groundup.decode.protocol import Decoder, State, check_ready, history, log_probabilities

Divisor = Callable[[int, float], float]
EarlyStopping = bool | Literal["never"]


def by_length(n: int, length_penalty: float) -> float:
    """n ** length_penalty: with 1.0 the score is the mean ln p of a token."""
    return n**length_penalty


def gnmt(n: int, length_penalty: float) -> float:
    """((5 + n) / 6) ** length_penalty, for which Wu et al. 2016 found 0.6 to 0.7 best."""
    return ((5 + n) / 6) ** length_penalty


class Hypothesis(NamedTuple):
    """One answer."""

    ids: list[int]
    """Generated tokens, with the end token where it ended by itself; without the prompt."""
    score: float
    logprob: float
    """ln p(ids | source, prompt), a sum over the tokens."""


@dataclass
class _Sentence:
    """The bookkeeping of one sentence: the best `beams` finished hypotheses, best first."""

    limit: int
    beams: int
    score: Callable[[float, int], float]
    early_stopping: bool
    favourable: int | None
    """The length at which living hypotheses are judged; None is their present one."""
    finished: list[Hypothesis] = field(default_factory=list)

    def set_aside(self, ids: list[int], logprob: float) -> None:
        self.finished.append(Hypothesis(ids, self.score(logprob, len(ids)), logprob))
        self.finished.sort(key=lambda hypothesis: -hypothesis.score)
        del self.finished[self.beams :]

    def done(self, n: int, best: float) -> bool:
        """Whether the living, of n tokens and at best ln p = best, cannot do better than what is finished."""
        if n == self.limit or best == -torch.inf:
            return True
        if len(self.finished) < self.beams:
            return False
        return self.early_stopping or self.score(best, self.favourable or n) <= self.finished[-1].score


def beam_search(
    model: Decoder,
    state: State,
    ids: Tensor,
    *,
    beams: int,
    eos: int,
    max_new_tokens: int | Tensor,
    length_penalty: float = 1.0,
    divisor: Divisor = by_length,
    early_stopping: EarlyStopping = False,
    num_return_sequences: int = 1,
    no_repeat_ngram_size: int | None = None,
) -> list[list[Hypothesis]]:
    """The best answers of each row of ids (B, T), best first: translations when ids is the start token, (B, 1).

    Of the 2 * beams likeliest continuations of a sentence, those that end among the first `beams` are finished and
    set aside, and the first `beams` that go on live; hypotheses that reach max_new_tokens, one number or one a row
    (B,), count as finished. A sentence is done when its best living hypothesis cannot beat its worst kept one: judged
    at its present length (early_stopping False), or at the length most favourable to it ("never": exact, but slow);
    or as soon as `beams` are finished (True). One beam is greedy search, unless "never". Fewer than
    num_return_sequences come back only where there are no more.
    """
    _check(beams, num_return_sequences, length_penalty)
    check_repetition(None, no_repeat_ngram_size)
    limits = torch.as_tensor(max_new_tokens).expand(len(ids)).tolist()
    check_ready(model, ids, min(limits))
    sentences = [
        _Sentence(
            limit,
            beams,
            lambda logprob, n: logprob / divisor(n, length_penalty),
            early_stopping is True,
            limit if early_stopping == "never" and length_penalty > 0 else None,
        )
        for limit in limits
    ]
    _search(model, state, ids, sentences=sentences, beams=beams, eos=eos, no_repeat=no_repeat_ngram_size)
    return [sentence.finished[:num_return_sequences] for sentence in sentences]


@torch.no_grad()
def _search(
    model: Decoder,
    state: State,
    ids: Tensor,
    *,
    sentences: list[_Sentence],
    beams: int,
    eos: int,
    no_repeat: int | None,
) -> None:
    """Run until every sentence is done. B is the number of those that are not; they alone stay in the batch."""
    B, T = ids.shape
    past = history(ids, state)
    logits = model.step(ids, state)  # the prompt is read once, then it belongs to every beam
    rows = torch.arange(B, device=ids.device).repeat_interleave(beams)
    state.select(rows)
    past, logits = past[rows], logits[rows]  # (B * beams, T), (B * beams, V)
    totals = torch.full((B, beams), -torch.inf, device=ids.device)
    totals[:, 0] = 0.0  # at first all beams are one and the same
    for n in count(1):
        logprobs = log_probabilities(logits)
        if no_repeat is not None:
            logprobs = no_repeat_ngram(logprobs, past, no_repeat)
        totals, rows, tokens = _best(totals[:, :, None] + logprobs.view(*totals.shape, -1), 2 * beams)

        ended = tokens == eos
        last = torch.tensor([n == sentence.limit for sentence in sentences], device=ids.device)
        aside = ((ended | last[:, None]) & (totals > -torch.inf))[:, :beams].nonzero(as_tuple=True)
        answers = torch.cat([past[rows[aside], T:], tokens[aside][:, None]], dim=1)
        for b, answer, total in zip(aside[0].tolist(), answers.tolist(), totals[aside].tolist(), strict=True):
            sentences[b].set_aside(answer, total)

        totals, living = totals.masked_fill(ended, -torch.inf).topk(beams)  # (B, beams), best first
        going = [b for b, best in enumerate(totals[:, 0].tolist()) if not sentences[b].done(n, best)]
        if not going:
            return
        rows, tokens = rows.gather(1, living)[going].flatten(), tokens.gather(1, living)[going].view(-1, 1)
        (state.reorder if len(going) == len(sentences) else state.select)(rows)
        sentences, totals = [sentences[b] for b in going], totals[going]
        past = torch.cat([past[rows], tokens], dim=1)
        logits = model.step(tokens, state)


def _best(totals: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """The n best continuations of each sentence among totals (B, beams, V): their totals, rows and tokens (B, n)."""
    B, beams, V = totals.shape
    best, index = totals.flatten(1).topk(n)
    first = torch.arange(B, device=totals.device)[:, None] * beams
    return best, index // V + first, index % V


def _check(beams: int, num_return_sequences: int, length_penalty: float) -> None:
    if not abs(length_penalty) <= 10:  # beyond, n ** length_penalty leaves the range of numbers
        raise ValueError(f"length_penalty ({length_penalty}) must lie between -10 and 10; try 1.0")
    if beams < 1:
        raise ValueError(f"num_beams ({beams}) must be at least 1; try 4")
    if not 1 <= num_return_sequences <= beams:
        raise ValueError(
            f"num_return_sequences ({num_return_sequences}) must be between 1 and num_beams ({beams}); "
            f"try num_beams={max(num_return_sequences, 1)}"
        )


def beam_search_plainly(
    logprobs: Callable[[list[int]], list[float]],
    *,
    beams: int,
    eos: int,
    max_new_tokens: int,
    length_penalty: float = 1.0,
    divisor: Divisor = by_length,
    early_stopping: EarlyStopping = False,
) -> list[Hypothesis]:
    """`beam_search` for one sentence without tensors, batch or cache: the version to read.

    logprobs gives ln p of every next token after the generated ids. Tests hold the two equal.
    """
    living = [(0.0, [])]
    finished = []
    for n in range(1, max_new_tokens + 1):
        continued = [(t + lnp, [*ids, v]) for t, ids in living for v, lnp in enumerate(logprobs(ids))]
        candidates = sorted(continued, reverse=True)[: 2 * beams]
        for total, ids in candidates[:beams]:
            if ids[-1] == eos or n == max_new_tokens:
                finished.append(Hypothesis(ids, total / divisor(n, length_penalty), total))
        finished = sorted(finished, key=lambda hypothesis: -hypothesis.score)[:beams]
        living = [(total, ids) for total, ids in candidates if ids[-1] != eos][:beams]
        if len(finished) == beams:
            favourable = max_new_tokens if early_stopping == "never" and length_penalty > 0 else n
            hopeless = living[0][0] / divisor(favourable, length_penalty) <= finished[-1].score
            if early_stopping is True or hopeless:
                break
    return finished
