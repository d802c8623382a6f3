"""Generate a stream: one column of tokens for each step, or text with stop strings."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import nullcontext
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from groundup.decode.choose import Choose
from groundup.decode.protocol import Decoder, State, check_grown, check_ready, forbid, history, log_probabilities
from groundup.fast.linear import packed

WORTH_PACKING = 32  # steps; making the copy costs as much as about ten steps save


class Token(NamedTuple):
    """The tokens of one step, one for each row."""

    ids: Tensor
    """(B,) int64."""
    logprobs: Tensor
    """(B,) float32: ln p(id | all tokens before) by the model itself, before temperature, filters and penalties;
    0 if the row was finished."""


def generate(
    model: Decoder,
    state: State,
    ids: Tensor,
    *,
    choose: Choose,
    max_new_tokens: int,
    min_new_tokens: int = 0,
    stop_ids: Collection[int] = (),
    limit: int | None = None,
    pad: int | None = None,
) -> Iterator[Token]:
    """Continue the prompts ids (B, T), one column of tokens a step, until every row has chosen a stop id.

    The stop id is yielded; after it the row yields `pad` (None: the stop id again) while other rows continue. No stop
    id is chosen before min_new_tokens. limit: how many positions the model's context has left after the prompt;
    generation ends there at the latest. With T = 1 and the start token as prompt, `Greedy` is greedy translation.
    Raises ValueError at once for a prompt that fills the context.
    """
    check_ready(model, ids, max_new_tokens, min_new_tokens)
    if limit is not None and limit < 1:
        raise ValueError(
            f"the prompt ({ids.shape[1]} tokens) leaves {limit} positions of the context ({ids.shape[1] + limit}); "
            "shorten it"
        )
    steps = max_new_tokens if limit is None else min(max_new_tokens, limit)
    return _columns(model, state, ids, choose=choose, steps=steps, least=min_new_tokens, stop_ids=stop_ids, pad=pad)


@torch.no_grad()
def _columns(
    model: Decoder,
    state: State,
    ids: Tensor,
    *,
    choose: Choose,
    steps: int,
    least: int,
    stop_ids: Collection[int],
    pad: int | None,
) -> Iterator[Token]:
    pick = choose.begin(ids.device)
    stops = torch.tensor(sorted(stop_ids), dtype=ids.dtype, device=ids.device)
    finished = torch.zeros(ids.shape[0], dtype=torch.bool, device=ids.device)
    past, new = history(ids, state), ids
    with packed(model, rows=len(ids)) if steps >= WORTH_PACKING else nullcontext():
        for n in range(1, steps + 1):
            with torch.inference_mode():  # only around the model: yielded tensors may be used in training
                logits = _step(model, new, state, checked=n <= 2)
            logprobs = log_probabilities(logits)
            chosen = pick(forbid(logits.float(), stop_ids) if n <= least else logits.float(), past)
            filler = past[:, -1] if pad is None else torch.full_like(chosen, pad)
            chosen = torch.where(finished, filler, chosen)
            logprob = logprobs.gather(1, chosen[:, None])[:, 0].masked_fill(finished, 0.0)
            yield Token(chosen, logprob)
            finished = finished | torch.isin(chosen, stops)
            if n == steps or finished.all():
                return
            new = chosen[:, None]
            past = torch.cat([past, new], dim=1)


def _step(model: Decoder, ids: Tensor, state: State, *, checked: bool) -> Tensor:
    """Call `model.step`. checked: also check that every layer caches what it reads."""
    before = state.length
    logits = model.step(ids, state)
    if checked:
        check_grown(state, before, ids.shape[1])
    return logits


def collect(columns: Iterable[Token], stop_ids: Collection[int] = ()) -> list[list[int]]:
    """Collect all that `generate` yields as one list of ids for each row, up to but without its first stop id."""
    rows = torch.stack([column.ids for column in columns], dim=1).tolist()
    ends = [next((i for i, id in enumerate(row) if id in stop_ids), len(row)) for row in rows]
    return [row[:end] for row, end in zip(rows, ends, strict=True)]


class TextStream(Protocol):
    """A tokenizer that decodes as ids arrive and never gives half a character."""

    def push(self, id: int, /) -> str: ...

    def flush(self) -> str: ...


def until(pieces: Iterable[str], stop: Collection[str]) -> Iterator[str]:
    """Yield the text of the pieces up to the first complete stop string, which may span several pieces.

    Text that may be the beginning of a stop string is held back until this is certain; empty pieces are left out.
    """
    held = ""
    for piece in pieces:
        held += piece
        found = [(at + len(word), at) for word in stop if (at := held.find(word)) >= 0]
        if found:
            _, start = min(found)
            if start:
                yield held[:start]
            return
        safe = len(held) - held_back(held, stop)
        if safe:
            yield held[:safe]
            held = held[safe:]
    if held:
        yield held


def held_back(text: str, stop: Collection[str]) -> int:
    """How many characters at the end of text may be the beginning of a stop string."""
    return max((_overlap(text, word) for word in stop), default=0)


def _overlap(text: str, word: str) -> int:
    """Return how many characters at the end of text are the beginning, but not the whole, of word."""
    return next((n for n in range(min(len(text), len(word) - 1), 0, -1) if text.endswith(word[:n])), 0)
