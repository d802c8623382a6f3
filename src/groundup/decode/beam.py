"""Beam search: the likeliest whole answer instead of the likeliest next token (Sutskever et al. 2014, section 3.2).

A hypothesis of n generated tokens, the end token included, has the score ln p(tokens) / divisor, where divisor is

    n ** length_penalty               `by_length`: Hugging Face's
    ((5 + n) / 6) ** length_penalty   `gnmt`: Wu et al. 2016, section 7, without their coverage penalty

so length_penalty = 0 judges by probability alone, which favours short answers; larger ones favour longer answers.
With length_penalty = 1 the first is the mean ln p of a token.
"""

from collections.abc import Callable
from itertools import count
from typing import Literal

import torch
from torch import Tensor

from groundup.decode.choose import all_forbidden, check_repetition, no_repeat_ngram
from groundup.decode.hypotheses import Candidate, Hypothesis, Sentence, Watch
from groundup.decode.protocol import Decoder, State, check_ready, history, log_probabilities
from groundup.machine import installed

STRIPS = 16
Divisor = Callable[[int, float], float]
EarlyStopping = bool | Literal["never"]


def by_length(n: int, length_penalty: float) -> float:
    """n ** length_penalty: with 1.0 the score is the mean ln p of a token; Wu et al. 2016 found 0.6 to 0.7 best."""
    return n**length_penalty


def gnmt(n: int, length_penalty: float) -> float:
    """((5 + n) / 6) ** length_penalty, which Wu et al. 2016 (section 7) took in the end; milder for short answers."""
    return ((5 + n) / 6) ** length_penalty


DIVISORS: dict[str, Divisor] = {"average": by_length, "gnmt": gnmt}
"""The divisors by the names that a person calls them."""


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
    watch: Watch | None = None,
) -> list[list[Hypothesis]]:
    """The best answers of each row of ids (B, T), best first: translations when ids is the start token, (B, 1).

    Of the 2 * beams likeliest continuations of a sentence, those that end among the first `beams` are finished and
    set aside, and the first `beams` that go on live; hypotheses that reach max_new_tokens, one number or one a row
    (B,), count as finished. A sentence is done when its best living hypothesis cannot beat its worst kept one: judged
    at its present length (early_stopping False), or at the length most favourable to it ("never": exact, but slow);
    or as soon as `beams` are finished (True). One beam is greedy search, unless "never". Fewer than
    num_return_sequences come back only where there are no more. `watch` is told every step of every sentence.
    """
    check_beams(beams, num_return_sequences, length_penalty)
    check_repetition(None, no_repeat_ngram_size)
    limits = torch.as_tensor(max_new_tokens).expand(len(ids)).tolist()
    check_ready(model, ids, min(limits))
    sentences = [
        Sentence(
            number,
            limit,
            beams,
            lambda logprob, n: logprob / divisor(n, length_penalty),
            early_stopping is True,
            limit if early_stopping == "never" and length_penalty > 0 else None,
        )
        for number, limit in enumerate(limits)
    ]
    _search(model, state, ids, sentences, beams=beams, eos=eos, no_repeat=no_repeat_ngram_size, watch=watch)
    return [sentence.finished[:num_return_sequences] for sentence in sentences]


@torch.no_grad()
def _search(
    model: Decoder,
    state: State,
    ids: Tensor,
    sentences: list[Sentence],
    *,
    beams: int,
    eos: int,
    no_repeat: int | None,
    watch: Watch | None,
) -> None:
    """Run until every sentence is done. B is the number of those that are not; they alone stay in the batch."""
    B, T = ids.shape
    past = history(ids, state)
    logits = model.step(ids, state)  # the prompt is read once, then it belongs to every beam
    if beams > 1:
        rows = torch.arange(B, device=ids.device).repeat_interleave(beams)
        state.select(rows)
        past, logits = past[rows], logits[rows]  # (B * beams, T), (B * beams, V)
    totals = torch.full((B, beams), -torch.inf, device=ids.device)
    totals[:, 0] = 0.0  # at first all beams are one and the same
    for n in count(1):
        logprobs = log_probabilities(logits)
        if no_repeat is not None:
            logprobs = no_repeat_ngram(logprobs, past, no_repeat)
        candidates = _best(logprobs.view(*totals.shape, -1).add_(totals[:, :, None]), 2 * beams)

        going, lives = [], []
        for b, (sentence, best) in enumerate(zip(sentences, candidates, strict=True)):
            living = sentence.step(n, best, past[b * beams : (b + 1) * beams, T:], eos=eos, watch=watch)
            if no_repeat is not None and not living and not sentence.finished:
                raise all_forbidden(no_repeat, logprobs, past)
            if living:
                spare = [living[0]._replace(logprob=-torch.inf)] * (beams - len(living))
                going.append(sentence)
                lives += [(b * beams + branch.parent, branch.token, branch.logprob) for branch in living + spare]
        if not going:
            return
        parents, tokens, kept = zip(*lives, strict=True)
        if parents != tuple(range(len(past))):
            rows = torch.tensor(parents, device=ids.device)
            (state.reorder if len(going) == len(sentences) else state.select)(rows)
            past = past[rows]
        new = torch.tensor(tokens, device=ids.device)[:, None]
        sentences, totals = going, torch.tensor(kept, device=ids.device).view(-1, beams)
        past = torch.cat([past, new], dim=1)
        logits = model.step(new, state)


def _best(totals: Tensor, n: int) -> list[list[Candidate]]:
    """The n best continuations of each sentence among totals (B, beams, V): total, beam and token, best first."""
    V = totals.shape[2]
    best, index = top(totals.flatten(1), n)
    columns = (best.tolist(), (index // V).tolist(), (index % V).tolist())
    return [list(zip(*sentence, strict=True)) for sentence in zip(*columns, strict=True)]


def top(x: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """`x.topk(n)` for long rows (B, N), up to six times as fast.

    With a row laid out as a table of STRIPS lines, its n best stand in the n columns with the best tops.
    """
    width = x.shape[1] // STRIPS
    if x.numel() < 10_000 or width < 4 * n:
        return x.topk(n)
    table = x[:, : STRIPS * width].view(len(x), STRIPS, width)
    columns = table.amax(dim=1).topk(n).indices  # (B, n)
    starts = torch.arange(0, STRIPS * width, width, device=x.device)
    rest = torch.arange(STRIPS * width, x.shape[1], device=x.device)  # what is too little for one more column
    places = (columns[:, None, :] + starts[:, None]).flatten(1)  # (B, STRIPS * n)
    places = torch.cat([places, rest.expand(len(x), -1)], dim=1)
    best, index = x.gather(1, places).topk(n)
    return best, places.gather(1, index)


def check_beams(beams: int, num_return_sequences: int, length_penalty: float) -> None:
    """ValueError for numbers that no search can work with."""
    if not abs(length_penalty) <= 10:  # beyond, n ** length_penalty leaves the range of numbers
        raise ValueError(f"length_penalty ({length_penalty}) must lie between -10 and 10; try 1.0")
    if beams < 1:
        raise ValueError(f"num_beams ({beams}) must be at least 1; try 4")
    if not 1 <= num_return_sequences <= beams:
        raise ValueError(
            f"num_return_sequences ({num_return_sequences}) must be between 1 and num_beams ({beams}); "
            f"try num_beams={max(num_return_sequences, 1)}"
        )


def check_room(beams: int, *, vocab_size: int, tokens: int, cached: int, device: torch.device) -> None:
    """ValueError for more beams than there are tokens, or than memory holds for answers of so many `tokens`.

    cached: numbers that a token leaves behind in the caches.
    """
    if beams > vocab_size:
        raise ValueError(f"num_beams ({beams}) must be at most the vocabulary's {vocab_size:,}; try num_beams=4")
    # Logits and three likenesses of them; caches, twice while they grow; which beam goes through which slots.
    check_memory("num_beams", beams, each=16 * vocab_size + 8 * tokens * (cached + beams), device=device)


def check_memory(name: str, number: int, *, each: int, device: torch.device) -> None:
    """ValueError where so many hypotheses, of about `each` bytes, are more than the device's memory holds."""
    memory = installed(device)
    if number * each > memory:
        raise ValueError(
            f"{name} ({number}) would take about {number * each / 1e6:,.0f} MB of memory, and there are "
            f"{memory / 1e6:,.0f}; try {name}=4"
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
