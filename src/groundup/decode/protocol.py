"""What decoding asks of a model: three words of a state, and one step."""

from collections.abc import Collection
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from groundup.machine import keep_memory


class State(Protocol):
    """What a model has read so far, one row a text. The model makes it (`begin`) and lengthens it (`step`)."""

    @property
    def length(self) -> int:
        """Tokens already read."""
        ...

    @property
    def key_mask(self) -> Tensor | None:
        """(B, T0) bool, False at padding on the left of the shorter prompts; None when there is none."""
        ...

    def select(self, rows: Tensor) -> None:
        """Keep, repeat or drop whole rows; rows (B',) holds old row numbers."""
        ...

    def reorder(self, rows: Tensor) -> None:
        """The same where every row stays within its own source sentence, so cross keys and values need not move."""
        ...


class Decoder(Protocol):
    """A model that can be asked for the next token."""

    training: bool

    # Any: each model takes the kind of state it makes itself, which no Protocol can say.
    def step(self, ids: Tensor, state: Any, /) -> Tensor:
        """Read the new tokens ids (B, T), and give the logits (B, V) of the one after them."""
        ...


def log_probabilities(logits: Tensor) -> Tensor:
    """log softmax in float32, (B, V); ValueError when the logits are not numbers, instead of tokens from nowhere."""
    if not logits.amax(dim=-1).isfinite().all():
        raise ValueError("the model's logits are not finite: training diverged or the checkpoint is damaged")
    return torch.log_softmax(logits.float(), dim=-1)


def check_ready(model: Decoder, ids: Tensor, max_new_tokens: int, min_new_tokens: int = 0) -> None:
    """What every decoding needs: a prompt (B, T >= 1), dropout off, something to do; ValueError otherwise.

    And memory that is not cleared anew for every long prompt: 32 of 256 tokens, 6 layers of width 384, one core, in
    int8: 1.06 in place of 1.38 s.
    """
    if ids.dim() != 2 or ids.shape[1] < 1:
        raise ValueError(f"the prompt needs shape (rows, at least 1 token), not {tuple(ids.shape)}")
    if model.training:
        raise ValueError("the model is in training mode, dropout would change every answer; call model.eval()")
    if max_new_tokens < 1:
        raise ValueError(f"max_new_tokens ({max_new_tokens}) must be at least 1")
    if not 0 <= min_new_tokens <= max_new_tokens:
        raise ValueError(
            f"min_new_tokens ({min_new_tokens}) must be at least 0 and at most max_new_tokens ({max_new_tokens})"
        )
    if ids.device.type == "cpu":
        keep_memory()


def check_grown(state: State, before: int, tokens: int) -> None:
    """ValueError where a step that read `tokens` has not made every cache longer by as many."""
    for layer, cache in enumerate(getattr(state, "caches", ())):
        if cache.length != before + tokens:
            raise ValueError(
                f"layer {layer} read {tokens} tokens after {before}, but its cache holds {cache.length}: an attention "
                "of one's own must call cache.append(k, v) and attend to what that returns"
            )


def history(ids: Tensor, state: State) -> Tensor:
    """The ids (B, T) the state will read next, with -1 at prompt padding: penalties for repetition must not see it."""
    if state.key_mask is None:
        return ids
    padding = ~state.key_mask[:, state.length :][:, : ids.shape[1]]
    return ids.masked_fill(F.pad(padding, (0, ids.shape[1] - padding.shape[1])), -1)


def end_ids(eos: int | Collection[int]) -> list[int]:
    """One end token or several, as a sorted list."""
    return [eos] if isinstance(eos, int) else sorted({*eos})


def forbid(scores: Tensor, ids: Collection[int]) -> Tensor:
    """Scores (B, V) in which the tokens `ids` cannot be chosen; ids without a token, such as -1, count for nothing."""
    scores = scores.clone()
    scores[:, [id for id in ids if 0 <= id < scores.shape[-1]]] = -torch.inf
    return scores
