"""Continue several texts of unequal length at once, each to the end of its own context, or past it by sliding.

A context is full when the model has read `context` tokens and written one more. A text that slides then keeps its last
context // 2 tokens: they are read again, at positions from 0, and the text continues from there. So a token always has
at least that many tokens before it. Half a context is read again for each half context written: one more token read for
each token written. A text depends only on itself, so it is the same in any batch.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from groundup.decode.choose import Choose, Going
from groundup.decode.generate import generate
from groundup.decode.protocol import Decoder, State, check_ready


class Begin(Protocol):
    """A model's `begin`: return an empty state for B texts, padded on the left where prompt_mask (B, T) is False."""

    def __call__(self, rows: int, /, *, prompt_mask: Tensor | None) -> State: ...


class Said(NamedTuple):
    """One new token of one text."""

    text: int
    """The number of the prompt that it continues."""
    id: int
    logprob: float
    """ln p by the model itself, before temperature, filters and penalties."""


def write_texts(
    model: Decoder,
    begin: Begin,
    prompts: Sequence[Sequence[int]],
    *,
    choose: Choose,
    max_new_tokens: int,
    context: int,
    ended: Callable[[int], bool],
    min_new_tokens: int = 0,
    stop_ids: Collection[int] = (),
    slide: bool = False,
    numbers: Sequence[int] | None = None,
    device: torch.device | None = None,
) -> Iterator[Said]:
    """Continue every prompt, one token of each in turn, until ended(text) is True or its context is full.

    ended(text) must be True after one of stop_ids; none of these is chosen before min_new_tokens.

    slide: continue a text past its context; only the end of a longer prompt is read. Repetition penalties see the same
    tokens as the model. numbers: the picker's row, with its own random stream, for each text; None: 0, 1, 2...
    """
    check_ready(model, torch.empty(1, min(map(len, prompts), default=1)), max_new_tokens, min_new_tokens)
    longest = max(map(len, prompts), default=0)
    if longest > context and not slide:
        raise ValueError(
            f"the prompt has {longest} tokens, the model's context is {context}; shorten it, or slide past it"
        )
    windows = {text: list(prompt[-context:]) for text, prompt in enumerate(prompts)}
    numbers = range(len(prompts)) if numbers is None else numbers
    return _stretches(
        model, begin, windows, choose, max_new_tokens, min_new_tokens, stop_ids, context, ended, slide, numbers, device
    )


def _stretches(
    model: Decoder,
    begin: Begin,
    windows: dict[int, list[int]],
    choose: Choose,
    most: int,
    least: int,
    stop_ids: Collection[int],
    context: int,
    ended: Callable[[int], bool],
    slide: bool,
    numbers: Sequence[int],
    device: torch.device | None,
) -> Iterator[Said]:
    """Run one `generate` after the other, each until the longest window is full. windows: the texts that continue."""
    pick = choose.begin(device or torch.device("cpu"))
    said = 0
    while windows and said < most:
        texts = list(windows)
        ids, mask = pad_left(list(windows.values()), device)
        steps = min(most - said, context - ids.shape[1] + 1)
        columns = generate(
            model,
            begin(len(texts), prompt_mask=mask),
            ids,
            choose=Going(pick, [numbers[text] for text in texts]),
            max_new_tokens=steps,
            min_new_tokens=min(steps, max(0, least - said)),
            stop_ids=stop_ids,
        )
        said += steps
        for column in columns:
            for one in map(Said, texts, column.ids.tolist(), column.logprobs.tolist()):
                if one.text in windows:
                    windows[one.text].append(one.id)
                    yield one
                    if ended(one.text):
                        del windows[one.text]
            if not windows:
                return
        full = {text for text, window in windows.items() if len(window) > context}
        for text in full:
            if slide:
                windows[text] = windows[text][-max(1, context // 2) :]
            else:
                del windows[text]


def pad_left(rows: Sequence[Sequence[int]], device: torch.device | None = None) -> tuple[Tensor, Tensor | None]:
    """Return rows of ids as (B, T) with zeros on the left, and a mask (B, T), False there; None without padding."""
    T = max(map(len, rows))
    ids = torch.tensor([[0] * (T - len(row)) + list(row) for row in rows], device=device)
    if all(len(row) == T for row in rows):
        return ids, None
    starts = torch.tensor([[T - len(row)] for row in rows], device=device)
    return ids, torch.arange(T, device=device) >= starts
