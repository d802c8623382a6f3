"""Compile the fast tokenizer's loops: numba does it at their first call and caches the result on disk.

This file also adds two processor instructions that Python has no function for.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.core import cgutils, event
from numba.extending import intrinsic

from groundup.text.notice import notice

ROOM = 8  # bytes that must follow the last byte that `eight_bytes` reads

# numba checks only a function's own file to see whether its cache is outdated, not the files of the functions it calls.
# So the folder's name is a hash of all of these files.
_SOURCES = sorted(Path(__file__).parent.glob("fast_*.py"))
_DIGEST = hashlib.sha256(b"".join(source.read_bytes() for source in _SOURCES)).hexdigest()[:16]
_settings: Any = config
_KEPT = Path(_settings.CACHE_DIR or Path(__file__).parent / "__pycache__") / f"fast-{_DIGEST}"


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile to machine code without bounds checks that releases Python's lock, so that other threads can run.

    If nothing can be written to disk (package and home are read-only or full), the code is kept in memory only.
    """
    options: Any = {"nogil": True, "error_model": "numpy"}
    before, _settings.CACHE_DIR = _settings.CACHE_DIR, str(_KEPT)
    try:
        dispatcher: Any = njit(cache=True, **options)(function)
    except RuntimeError:  # numba found no folder that it can write into
        _Notice.kept = False
        return njit(**options)(function)
    finally:
        _settings.CACHE_DIR = before
    keep = dispatcher._cache.save_overload

    def keep_if_possible(signature: Any, data: Any) -> None:
        try:
            keep(signature, data)
        except OSError as error:
            _Notice.not_kept(error)

    dispatcher._cache.save_overload = keep_if_possible
    return dispatcher


class _Notice(event.Listener):
    """Prints once why the first call takes long, and once if the next start will take long again."""

    said, kept = False, True

    def on_start(self, event: Any) -> None:
        ours = event.data["dispatcher"].py_func.__module__ == "groundup.text.fast_bpe"
        if ours and not self.said:
            self.said = True
            often = "once on this machine" if self.kept else f"at every start, because nothing can be {_CURE}"
            notice(f"compiling the fast tokenizer (some 15 s), {often}")

    def on_end(self, event: Any) -> None:
        pass

    @classmethod
    def not_kept(cls, error: OSError) -> None:
        """Print once that the compiled code will be lost at the end of the process."""
        if cls.kept:
            cls.kept = False
            notice(f"the next start compiles the fast tokenizer again ({error.strerror}): nothing can be {_CURE}")


_CURE = f"written into {_KEPT}; set NUMBA_CACHE_DIR to a folder that can be written"

event.register("numba:compile", _Notice())


_instruction: Any = intrinsic  # numba gives it no types


@_instruction
def eight_bytes(context, data, at):
    """Return data[at : at + 8] of a uint8 array as one number, the first byte lowest. Bounds are not checked."""
    word, byte = ir.IntType(64), ir.IntType(8)

    def generate(context, builder, signature, arguments):
        array = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]], source_etype=byte)
        return builder.load(builder.bitcast(place, word.as_pointer()), align=1, typ=word)

    return types.uint64(data, types.int64), generate


@_instruction
def trailing_zeros(context, number):
    """Return how many of the lowest bits of a uint64 are 0; 64 for 0."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@compiled
def some_bytes(data, at, size):
    """Return the first `size` (1 to 8) bytes at data[at] as one number, with zeros above them."""
    return eight_bytes(data, at) & (np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - 8 * min(size, 8)))


def padded(text: bytes) -> np.ndarray:
    """Return the bytes as an array with ROOM zeros after them."""
    return np.frombuffer(text + bytes(ROOM), np.uint8)
