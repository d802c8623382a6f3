"""Which query may look at which key: the only definition, used by every kernel, test and picture."""

from typing import NamedTuple

import torch
from torch import Tensor


def within(distance: Tensor, *, causal: bool = True, window: int | None = None) -> Tensor:
    """Whether a query may look at a key that is `distance` positions before it; bool of the same shape.

    Causal means never ahead; a window of w means at most w - 1 positions away, so w = 1 sees only itself
    (if causal, the locally banded layers of Child et al. 2019).
    """
    seen = torch.ones_like(distance, dtype=torch.bool)
    if causal:
        seen = seen & (distance >= 0)
    if window is not None:
        seen = seen & (distance.abs() < window)
    return seen


def visible(q_pos: Tensor, k_pos: Tensor, *, causal: bool = True, window: int | None = None) -> Tensor:
    """Whether the query at `q_pos` may look at the key at `k_pos`, by `within`.

    Shapes: q_pos (T,) and k_pos (S,) -> bool (T, S), True where the key is visible.
    """
    return within(q_pos[:, None] - k_pos[None, :], causal=causal, window=window)


class Mask(NamedTuple):
    """A mask in the form that attention kernels need; `Mask()` hides nothing and costs nothing."""

    allowed: Tensor | None = None
    """bool, broadcastable to (B, H, T, S), True where the key is visible; None when no tensor is needed."""
    causal: bool = False
    """Use the kernel's own triangle. It is aligned to the top left, so it is correct only if T == S."""
    window: int | None = None
    """With `causal`: only the band of this width along the triangle's diagonal."""
    keys: Tensor | None = None
    """With `window`: bool (B, S), True at real keys; None if all are real."""

    def __bool__(self) -> bool:
        """Whether the mask hides anything."""
        return self.causal or self.allowed is not None

    @property
    def triangle(self) -> bool:
        """Whether the kernel's own triangle is the whole mask."""
        return self.causal and self.window is None

    def tensor(self, T: int, S: int, device: torch.device) -> Tensor | None:
        """Return the tensor that a kernel with its own triangle needs besides it, or None."""
        return self.allowed if self.window is None else self.dense(T, S, device)

    def dense(self, T: int, S: int, device: torch.device) -> Tensor:
        """Return the same mask as a bool tensor, broadcastable to (B, H, T, S)."""
        if self.causal:
            assert T == S, f"the kernel's triangle needs as many queries ({T}) as keys ({S})"
            at = torch.arange(T, device=device)
            seen = visible(at, at, causal=True, window=self.window)
            return seen if self.keys is None else seen & self.keys[:, None, None, :]
        if self.allowed is None:
            return torch.ones(T, S, dtype=torch.bool, device=device)
        return self.allowed


def build_mask(
    T: int,
    start: int = 0,
    *,
    causal: bool,
    window: int | None = None,
    key_mask: Tensor | None = None,
    documents: Tensor | None = None,
    device: torch.device | None = None,
) -> Mask:
    """Build the cheapest mask for T queries at positions start .. start + T - 1, after `start` cached keys.

    `key_mask` (B, S) is True at real keys and False at padding, S = start + T. `documents` (B, T) numbers the documents
    in a row, for whole texts only: a token sees only its own document. A whole text longer than two windows gets a
    band, which costs T * window; for a shorter one a tensor is cheaper, and several documents have no band.
    """
    assert documents is None or start == 0, "documents are told of whole texts, not of new tokens behind cached ones"
    unrestricted = window is None or window >= start + T
    if key_mask is None and documents is None and unrestricted:
        # An `if` that gives a plain True: `causal and start == 0` would be symbolic under compile.
        if not causal or T == 1:
            return Mask()
        if start == 0:
            return Mask(causal=True)
    if causal and start == 0 and window is not None and 2 * window < T and documents is None:
        return Mask(causal=True, window=window, keys=key_mask)
    keys = torch.arange(start + T, device=device)
    seen = visible(keys[start:], keys, causal=causal, window=window)  # (T, S)
    if key_mask is not None:
        seen = seen & key_mask[:, None, None, :]  # (B, 1, T, S)
    if documents is not None:
        seen = seen & (documents[:, None, :, None] == documents[:, None, None, :])  # (B, 1, T, T)
    return Mask(allowed=seen)
