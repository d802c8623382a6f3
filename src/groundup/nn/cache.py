"""Keys and values of the tokens already read, so that each new token costs one step and not the whole prefix.

A cache belongs to one attention layer and one batch of texts. The caller makes it and passes it in.
"""

import torch
from torch import Tensor


class KVCache:
    """A buffer that grows ahead by an eighth; `append` returns the filled part without copying it.

    Its empty part is zero, so the whole buffer can be read if that is faster.
    """

    def __init__(self) -> None:
        self.length = 0
        self._keys: Tensor | None = None  # (B, G, capacity, D)
        self._values: Tensor | None = None

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Add k and v (B, G, T, D); returns all keys and values so far, (B, G, length, D)."""
        end = self.length + k.shape[2]
        self._keys = _room(self._keys, k, self.length, end)
        self._values = _room(self._values, v, self.length, end)
        self._keys.narrow(2, self.length, k.shape[2]).copy_(k)
        self._values.narrow(2, self.length, v.shape[2]).copy_(v)
        self.length = end
        return self._keys.narrow(2, 0, end), self._values.narrow(2, 0, end)

    def reorder(self, rows: Tensor) -> None:
        """Replace row i by row rows[i]: beam search keeps, repeats and drops rows with this. rows (B',)."""
        if self._keys is not None and self._values is not None:
            # Copy the empty part, too; it is small. Otherwise the next append would copy everything to make room.
            with torch.inference_mode(False):
                self._keys, self._values = self._keys.index_select(0, rows), self._values.index_select(0, rows)


def _room(buffer: Tensor | None, new: Tensor, length: int, end: int) -> Tensor:
    """Make a buffer like `new` for `end` positions, with the first `length` of them copied from `buffer`."""
    if buffer is not None and end <= buffer.shape[2]:
        return buffer
    B, G, _, D = new.shape
    with torch.inference_mode(False):  # a tensor made in inference mode cannot be written outside of it
        larger = new.new_zeros(B, G, end + max(32, end // 8), D)
    if buffer is not None:
        larger[:, :, :length] = buffer[:, :, :length]
    return larger
