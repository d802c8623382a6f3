"""Texts that are written together while others join and leave: continuous batching (Yu et al. 2022, Orca).

A batch that must be finished before the next one starts waits for its longest text. Here a text joins between two
steps: its prompt is read alone, and its cache is then put beside those of the others, all aligned on the right, with
padding on the left. A text that leaves takes its row with it, and columns that are padding in every row are cut off.
Positions count real tokens only, so no text depends on the others.
"""

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from groundup.decode.choose import Picker
from groundup.decode.protocol import Decoder, forbid, log_probabilities
from groundup.decode.sliding import Begin, pad_left
from groundup.fast.linear import MANY, packed
from groundup.machine import installed


class Token(NamedTuple):
    """One token of one text."""

    id: int
    logprob: float
    """ln p by the model itself, before temperature, filters and penalties."""
    top: list[tuple[int, float]]
    """The likeliest tokens in its place and their ln p, as many as the text asked for."""


@dataclass(eq=False)
class Text:
    """One text being written."""

    ids: list[int]
    """What was read and written so far; the last is not read yet."""
    pick: Picker
    number: int = 0
    """Its row to the picker: texts of one picker draw from streams of their own."""
    min_new_tokens: int = 0
    stop_ids: Collection[int] = ()
    top: int = 0
    """How many of the likeliest tokens to tell of at each step."""
    written: int = field(default=0, init=False)


class Company:
    """The texts that one language model writes at the moment.

    As long as it lives, the model has packed copies of its weights (`fast.linear.packed`), if there is memory for them.
    """

    def __init__(
        self, model: Decoder, begin: Begin, *, context: int, rows: int = MANY, device: torch.device | None = None
    ):
        """rows: the most texts at a time, as far as they are known; copies of the weights are packed for so many."""
        self.model, self.begin, self.context, self.device = model, begin, context, device
        self._weights = packed(model, rows=min(rows, MANY)) if _copies_fit(model) else nullcontext()
        self._weights.__enter__()  # its end is the end of this object
        self.texts: list[Text] = []
        self._state: Any = None

    @torch.inference_mode()
    def join(self, texts: Sequence[Text]) -> list[Token]:
        """Read the prompts of new texts and write the first token of each.

        Raises ValueError if a prompt has no token, or more than the context; then none of them has joined.
        """
        for text in texts:
            if not 1 <= len(text.ids) <= self.context:
                raise ValueError(f"the prompt has {len(text.ids)} tokens; it needs at least 1, at most {self.context}")
        ids, mask = pad_left([text.ids for text in texts], self.device)
        state = self.begin(len(texts), prompt_mask=mask)
        logits = self.model.step(ids, state)
        tokens = self._next(texts, logits)
        self._state = state if not self.texts else self._side_by_side([self._state, state])
        self.texts += texts
        return tokens

    @torch.inference_mode()
    def step(self) -> list[Token]:
        """Write one token of every text, in the order of `texts`. A text whose context is full must have left."""
        if self._state.length >= self.context:
            self._state = self._side_by_side([self._state])
        new = torch.tensor([text.ids[-1:] for text in self.texts], device=self.device)
        logits = self.model.step(new, self._state)
        return self._next(self.texts, logits)

    def full(self, text: Text) -> bool:
        """Whether the text has as many tokens as the model can read, and one more."""
        return len(text.ids) > self.context

    @torch.inference_mode()
    def leave(self, leaving: Collection[Text]) -> None:
        """Take these texts out."""
        gone = set(map(id, leaving))
        kept = [row for row, text in enumerate(self.texts) if id(text) not in gone]
        if len(kept) == len(self.texts):
            return
        self.texts = [self.texts[row] for row in kept]
        if not kept:
            self._state = None
            return
        self._state.select(torch.tensor(kept, device=self.device))

    def _next(self, texts: Sequence[Text], logits: Tensor) -> list[Token]:
        """Choose the next token of each text from logits (B, V)."""
        logprobs, logits = log_probabilities(logits), logits.float()
        tokens = []
        for row, text in enumerate(texts):
            scores = logits[row : row + 1]
            scores = forbid(scores, text.stop_ids) if text.written < text.min_new_tokens else scores
            chosen = int(text.pick(scores, torch.tensor([text.ids], device=self.device), [text.number]))
            text.ids.append(chosen)
            text.written += 1
            best = logprobs[row].topk(min(text.top, logprobs.shape[1])) if text.top else None
            top = [] if best is None else list(zip(best.indices.tolist(), best.values.tolist(), strict=True))
            tokens.append(Token(chosen, float(logprobs[row, chosen]), top))
        return tokens

    def _side_by_side(self, states: Sequence[Any]) -> Any:
        """One state with the rows of all, aligned on the right; columns that are padding in every row are left out."""
        masks = [_real(state, self.device) for state in states]
        longest = max(int(mask.sum(dim=1).max()) for mask in masks)
        mask = torch.cat([_aligned(mask[:, None, :, None], longest)[:, 0, :, 0] for mask in masks])
        both: Any = self.begin(len(mask), prompt_mask=None if mask.all() else mask)
        for cache, *olds in zip(both.caches, *(state.caches for state in states), strict=True):
            keys = torch.cat([_aligned(old._keys[:, :, : old.length], longest) for old in olds])
            values = torch.cat([_aligned(old._values[:, :, : old.length], longest) for old in olds])
            cache.append(keys, values)
        return both


def _copies_fit(model: Decoder) -> bool:
    """Whether the weights and packed copies of them, each up to twice as large, take less than half of the memory."""
    modules = getattr(model, "modules", tuple)()
    weights = {weight for module in modules for weight in module.parameters(recurse=False)}
    return 3 * sum(weight.numel() * weight.element_size() for weight in weights) < installed() / 2


def _real(state: Any, device: torch.device | None) -> Tensor:
    """(B, length): True at real tokens of what the state has read."""
    B = state.caches[0]._keys.shape[0]
    if state.key_mask is None:
        return torch.ones(B, state.length, dtype=torch.bool, device=device)
    later = state.length - state.key_mask.shape[1]
    return F.pad(state.key_mask, (0, later), value=True)


def _aligned(x: Tensor, length: int) -> Tensor:
    """x (B, G, T, D) as (B, G, length, D): its last columns, or zeros before it."""
    T = x.shape[2]
    return x[:, :, T - length :] if length <= T else F.pad(x, (0, 0, length - T, 0))
