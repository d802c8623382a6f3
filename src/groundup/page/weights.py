"""Pack a model's numbers for the page: one block of bytes, and a table that says where each tensor lies."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from groundup.fast.int8 import in_8_bits

Precision = Literal["float16", "int8", "float32"]
BYTES = {"float32": 4, "float16": 2, "int8": 1}  # of a number
READILY = 4_000_000
"""Up to this many numbers, float16 is the default; the page then has about 11 MB."""


def choose_precision(numbers: int) -> Precision:
    """Return the default: float16, and int8 for larger models."""
    return "float16" if numbers <= READILY else "int8"


def pack(tensors: Mapping[str, Tensor], precision: Precision) -> tuple[bytes, dict[str, Any]]:
    """Return the bytes, and for each name its shape, kind and first byte. A tensor with two names is kept once.

    In int8 every row of a matrix has a scale of its own; biases and norms stay float32. Raises ValueError for another
    precision, and for numbers that are not finite or too large.
    """
    if precision not in get_args(Precision):
        raise ValueError(f"precision ({precision}) must be {', '.join(get_args(Precision))}")
    parts: list[bytes] = []
    table: dict[str, Any] = {}
    places: dict[tuple[int, tuple[int, ...]], str] = {}
    at = 0
    for name, tensor in tensors.items():
        same = (tensor.data_ptr(), tuple(tensor.shape))
        if same in places:
            table[name] = table[places[same]]
            continue
        places[same] = name
        kind = "float32" if precision == "int8" and tensor.ndim < 2 else precision
        data = _data(name, tensor.detach().float().cpu(), kind)
        data += bytes(-len(data) % 4)  # every tensor begins where a float32 may
        table[name] = dict(shape=[*tensor.shape], kind=kind, at=at)
        parts.append(data)
        at += len(data)
    return b"".join(parts), table


def _data(name: str, tensor: Tensor, kind: str) -> bytes:
    if not tensor.isfinite().all():
        raise ValueError(f"{name} holds numbers that are not finite: the training diverged")
    if kind == "int8":
        whole, scales = in_8_bits(tensor)
        return _little(scales) + _little(whole.to(torch.int8))
    if kind == "float16":
        if not (half := tensor.half()).isfinite().all():
            raise ValueError(f"{name} holds {tensor.abs().max():.3g}, too large for float16; take --precision float32")
        return _little(half)
    return _little(tensor)


def _little(tensor: Tensor) -> bytes:
    array = tensor.contiguous().numpy()
    return array.astype(array.dtype.newbyteorder("<")).tobytes()
