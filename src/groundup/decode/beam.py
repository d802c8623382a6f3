"""Beam search: the likeliest whole answer instead of the likeliest next token (Sutskever et al. 2014, section 3.2).

A hypothesis of n generated tokens, the end token included, has the score ln p(tokens) / divisor, where divisor is

    n ** length_penalty               `by_length`: Hugging Face's
    ((5 + n) / 6) ** length_penalty   `gnmt`: Wu et al. 2016, section 7, without their coverage penalty

so length_penalty = 0 ranks by probability only, which favours short answers; larger values favour longer answers.
With length_penalty = 1 the first score is the mean ln p of a token.
"""

from collections.abc import Callable, Collection
from itertools import count

import torch
from torch import Tensor

from groundup.decode.choose import Beams, Divisor, EarlyStopping, by_length
from groundup.decode.hypotheses import Candidate, Hypothesis, Sentence, Watch
from groundup.decode.protocol import (
    Decoder,
    State,
    check_grown,
    check_ready,
    end_ids,
    forbid,
    history,
    log_probabilities,
)
from groundup.decode.slots import repeated

STRIPS = 16


def beam_search(
    model: Decoder,
    state: State,
    ids: Tensor,
    *,
    beams: Beams | int,
    eos: int | Collection[int],
    max_new_tokens: int | Tensor,
    min_new_tokens: int = 0,
    num_return_sequences: int = 1,
    watch: Watch | None = None,
    **settings,
) -> list[list[Hypothesis]]:
    """Return the best answers to each row of ids (B, T), best first: translations if ids is the start token, (B, 1).

    beams: a `Beams`, or its width with its other fields as `settings` (length_penalty=0.6). eos: one end token or
    several. Each step looks at the 2 * beams likeliest continuations of a sentence (with several end tokens, 1 + their
    number times beams). Those among the first `beams` that end are finished; the first `beams` that do not end stay
    alive. Hypotheses that reach max_new_tokens, one number or one for each row (B,), count as finished; none ends
    before min_new_tokens. `Beams.early_stopping` says when a sentence is done. One beam is greedy search, unless
    "never". There are fewer than num_return_sequences only if no more exist. `watch` is called at every step for every
    sentence.
    """
    search = beams if isinstance(beams, Beams) else Beams(beams, **settings)
    if isinstance(beams, Beams) and settings:
        raise ValueError(f"beams is a Beams, which holds {', '.join(settings)} itself; leave one of them out")
    check_answers(search, num_return_sequences)
    limits = torch.as_tensor(max_new_tokens).expand(len(ids)).tolist()
    check_ready(model, ids, min(limits), min_new_tokens)
    exact = search.early_stopping == "never" and search.length_penalty > 0
    sentences = [
        Sentence(number, limit, search.width, search.score, search.early_stopping is True, limit if exact else None)
        for number, limit in enumerate(limits)
    ]
    _search(model, state, ids, sentences, by=search, ends=end_ids(eos), least=min_new_tokens, watch=watch)
    return [sentence.finished[:num_return_sequences] for sentence in sentences]


@torch.no_grad()
def _search(
    model: Decoder,
    state: State,
    ids: Tensor,
    sentences: list[Sentence],
    *,
    by: Beams,
    ends: list[int],
    least: int,
    watch: Watch | None,
) -> None:
    """Run until every sentence is done. Only the B sentences that are not done stay in the batch."""
    (B, T), beams = ids.shape, by.width
    past = history(ids, state)
    logits = model.step(ids, state)  # the prompt is read once and then shared by all beams
    check_grown(state, 0, T)
    if beams > 1:
        rows = torch.arange(B, device=ids.device).repeat_interleave(beams)
        model, state = repeated(model, state, rows, beams=beams)
        past, logits = past[rows], logits[rows]  # (B * beams, T), (B * beams, V)
    totals = torch.full((B, beams), -torch.inf, device=ids.device)
    totals[:, 0] = 0.0  # at first all beams are identical
    own = totals  # ln p of the model itself; totals differ from it if repetition is penalised
    for n in count(1):
        logprobs = log_probabilities(logits)
        scores = by.apply(logprobs, past)
        if n <= least:
            scores = forbid(scores, ends)
        candidates = _best(scores, totals, logprobs, own, max(2, 1 + len(ends)) * beams)

        going, lives = [], []
        for b, (sentence, best) in enumerate(zip(sentences, candidates, strict=True)):
            living = sentence.step(n, best, past[b * beams : (b + 1) * beams, T:], ends=ends, watch=watch)
            if not living and not sentence.finished:
                raise by.all_forbidden(logprobs.shape[1], past.shape[1])
            if living:
                spare = [living[0]._replace(total=-torch.inf)] * (beams - len(living))
                going.append(sentence)
                lives += [(b * beams + one.parent, one.token, one.total, one.logprob) for one in living + spare]
        if not going:
            return
        parents, tokens, kept, logprob = zip(*lives, strict=True)
        if parents != tuple(range(len(past))):
            rows = torch.tensor(parents, device=ids.device)
            (state.reorder if len(going) == len(sentences) else state.select)(rows)
            past = past[rows]
        new = torch.tensor(tokens, device=ids.device)[:, None]
        sentences, totals = going, torch.tensor(kept, device=ids.device).view(-1, beams)
        own = torch.tensor(logprob, device=ids.device).view(-1, beams)
        past = torch.cat([past, new], dim=1)
        logits = model.step(new, state)


def _best(scores: Tensor, totals: Tensor, logprobs: Tensor, own: Tensor, n: int) -> list[list[Candidate]]:
    """Return the n best continuations of each sentence, best first.

    scores, logprobs: of the next token (B * beams, V). totals, own: of the living hypotheses (B, beams).
    """
    V, ruled = scores.shape[1], scores is not logprobs
    best, index = top(scores.view(*totals.shape, V).add_(totals[:, :, None]).flatten(1), n)
    logprob = best
    if ruled:
        logprob = logprobs.view(len(totals), -1).gather(1, index) + own.gather(1, index // V)
    columns = (best.tolist(), (index // V).tolist(), (index % V).tolist(), logprob.tolist())
    return [[Candidate(*one) for one in zip(*sentence, strict=True)] for sentence in zip(*columns, strict=True)]


def top(x: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """`x.topk(n)` for long rows (B, N), up to six times as fast.

    If a row is laid out as a table of STRIPS lines, its n best values are in the n columns with the largest maxima.
    """
    width = x.shape[1] // STRIPS
    if x.numel() < 10_000 or width < 4 * n:
        return x.topk(n)
    table = x[:, : STRIPS * width].view(len(x), STRIPS, width)
    columns = table.amax(dim=1).topk(n).indices  # (B, n)
    starts = torch.arange(0, STRIPS * width, width, device=x.device)
    rest = torch.arange(STRIPS * width, x.shape[1], device=x.device)  # the rest, which does not fill a column
    places = (columns[:, None, :] + starts[:, None]).flatten(1)  # (B, STRIPS * n)
    places = torch.cat([places, rest.expand(len(x), -1)], dim=1)
    best, index = x.gather(1, places).topk(n)
    return best, places.gather(1, index)


def check_answers(beams: Beams, num_return_sequences: int) -> None:
    """Raise ValueError for more answers than there are beams."""
    if not 1 <= num_return_sequences <= beams.width:
        raise ValueError(
            f"num_return_sequences ({num_return_sequences}) must be between 1 and num_beams ({beams.width}); "
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

    logprobs(ids) gives ln p of every next token after the generated ids. Tests compare both versions.
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
