"""The interface that decoding needs from a model: a state with three methods, and one step."""

from collections.abc import Collection
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from groundup.machine import keep_memory


class State(Protocol):
    """The tokens that a model has read so far, one row for each text. `begin` makes it and `step` extends it."""

    @property
    def length(self) -> int:
        """The number of tokens read so far."""
        ...

    @property
    def key_mask(self) -> Tensor | None:
        """(B, T0) bool, False at the padding on the left of shorter prompts; None if there is no padding."""
        ...

    def select(self, rows: Tensor) -> None:
        """Keep, repeat or drop whole rows; rows (B',) holds old row numbers."""
        ...

    def reorder(self, rows: Tensor) -> None:
        """The same, if every row stays within its own source sentence; cross keys and values then do not move."""
        ...


class Decoder(Protocol):
    """A model that predicts the next token."""

    training: bool

    # Any: each model takes its own kind of state, which a Protocol cannot express.
    def step(self, ids: Tensor, state: Any, /) -> Tensor:
        """Read the new tokens ids (B, T), and return the logits (B, V) of the token after them."""
        ...


def log_probabilities(logits: Tensor) -> Tensor:
    """Return log softmax in float32, (B, V). Raises ValueError if logits are NaN: tokens would be meaningless."""
    if not logits.amax(dim=-1).isfinite().all():
        raise ValueError("the model's logits are not finite: training diverged or the checkpoint is damaged")
    return torch.log_softmax(logits.float(), dim=-1)


def check_ready(model: Decoder, ids: Tensor, max_new_tokens: int, min_new_tokens: int = 0) -> None:
    """Check what all decoding needs: a prompt (B, T >= 1), dropout off, tokens to write. Raises ValueError otherwise.

    Also keeps freed memory, so that it is not cleared again for every long prompt. For 32 prompts of 256 tokens, 6
    layers of width 384, one core, int8: 1.06 instead of 1.38 s.
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
    """Raise ValueError if a step that read `tokens` tokens has not extended every cache by that number."""
    for layer, cache in enumerate(getattr(state, "caches", ())):
        if cache.length != before + tokens:
            raise ValueError(
                f"layer {layer} read {tokens} tokens after {before}, but its cache holds {cache.length}: an attention "
                "of one's own must call cache.append(k, v) and attend to what that returns"
            )


def history(ids: Tensor, state: State) -> Tensor:
    """Return the ids (B, T) with -1 at prompt padding, which repetition penalties must ignore."""
    if state.key_mask is None:
        return ids
    padding = ~state.key_mask[:, state.length :][:, : ids.shape[1]]
    return ids.masked_fill(F.pad(padding, (0, ids.shape[1] - padding.shape[1])), -1)


def end_ids(eos: int | Collection[int]) -> list[int]:
    """Return one end token, or several, as a sorted list."""
    return [eos] if isinstance(eos, int) else sorted({*eos})


def forbid(scores: Tensor, ids: Collection[int]) -> Tensor:
    """Return scores (B, V) in which the tokens `ids` cannot be chosen. Ids without a token, such as -1, are ignored."""
    scores = scores.clone()
    scores[:, [id for id in ids if 0 <= id < scores.shape[-1]]] = -torch.inf
    return scores
