"""Steps through UTF-8 text from which the split patterns are built: runs of letters, digits, signs, white space.

The `regex` package defines what a letter is, so the compiled patterns use the same version of Unicode.
"""

from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

from groundup.text.fast_compile import compiled, eight_bytes, trailing_zeros

# The classes of a code point, as bits. Marks and letters without case count as both cases, as in o200k.
LETTER, NUMBER, SPACE, NEWLINE, UPPER, LOWER = 1, 2, 4, 8, 16, 32
_SETS = {
    LETTER: r"\p{L}+",
    NUMBER: r"\p{N}+",
    SPACE: r"\s+",
    NEWLINE: r"[\r\n]+",
    UPPER: r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+",
    LOWER: r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
}
_APOSTROPHE, _LONG_S = 0x27, 0x17F


@cache
def classes() -> NDArray[np.uint8]:
    """Return the bits of every code point, (0x110000,). Takes about 30 ms."""
    table = np.zeros(0x110000, np.uint8)
    everything = np.arange(0x110000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    for bit, expression in _SETS.items():
        for run in regex.finditer(expression, everything):
            table[run.start() : run.end()] |= bit
    return table


@compiled
def byte(data, at):
    """Return data[at]. An unsigned index saves the check for negative indices."""
    return data[np.uint64(at)]


@compiled
def code_point(data, at):
    """Return the character whose first byte is data[at], and where the next one begins. data: well-formed UTF-8."""
    first = byte(data, at)
    if first < 0x80:
        return np.uint64(first), at + 1
    if first < 0xE0:
        return np.uint64((first & 0x1F) << 6 | byte(data, at + 1) & 0x3F), at + 2
    low = (byte(data, at + 1) & 0x3F) << 6 | byte(data, at + 2) & 0x3F
    if first < 0xF0:
        return np.uint64((first & 0x0F) << 12 | low), at + 3
    return np.uint64((first & 7) << 18 | low << 6 | byte(data, at + 3) & 0x3F), at + 4


@compiled
def letters(data, at, case):
    """Return how many of the eight bytes at data[at] are ASCII letters, up to the first that is not.

    case: 0x20 for letters of both cases, 0 for small letters only. All eight are compared at once: byte + 0x1F has its
    highest bit set from "a" on, and byte + 0x05 from "z" + 1 on.
    """
    word = eight_bytes(data, at)
    low = word & np.uint64(0x7F7F7F7F7F7F7F7F) | np.uint64(case * 0x0101010101010101)
    small = (low + np.uint64(0x1F1F1F1F1F1F1F1F)) & ~(low + np.uint64(0x0505050505050505)) & ~word
    return np.int64(trailing_zeros(~small & np.uint64(0x8080808080808080)) >> np.uint64(3))


@compiled
def skip_letters(data, at, end, table, wanted):
    """Return the end of the run of LETTER or LOWER characters."""
    case = 0x20 if wanted == LETTER else 0
    while at < end:
        count = letters(data, at, case)
        at += count
        if count < 8 and at < end:
            if byte(data, at) < 0x80:
                return at
            code, following = code_point(data, at)
            if not table[code] & wanted:
                return at
            at = following
    return min(at, end)


@compiled
def skip(data, at, end, table, wanted):
    """Return the end of the run of characters that have one of the wanted bits."""
    while at < end:
        code, following = code_point(data, at)
        if not table[code] & wanted:
            break
        at = following
    return at


@compiled
def skip_signs(data, at, end, table):
    """Return the end of a run of [^\\s\\p{L}\\p{N}]."""
    while at < end:
        code, following = code_point(data, at)
        if table[code] & (SPACE | LETTER | NUMBER):
            break
        at = following
    return at


@compiled
def skip_digits(data, at, end, table):
    """Return the end of \\p{N}{1,3}."""
    for _ in range(3):
        if at < end:
            code, following = code_point(data, at)
            if table[code] & NUMBER:
                at = following
    return at


@compiled
def contraction(data, at, end, any_case):
    """Return the end of 's 'd 'm 't 'll 've 're at data[at], or `at` if there is none."""
    if at + 1 >= end or byte(data, at) != _APOSTROPHE:
        return at
    code, following = code_point(data, at + 1)
    if any_case:
        if code == _LONG_S:  # the old "long s" is another case of s
            return following
        code |= 0x20 if code < 0x80 else 0
    if code == ord("s") or code == ord("d") or code == ord("m") or code == ord("t"):
        return following
    if following < end:
        second = byte(data, following) | (0x20 if any_case else 0)
        if code == ord("l") and second == ord("l"):
            return following + 1
        if (code == ord("v") or code == ord("r")) and second == ord("e"):
            return following + 1
    return at


@compiled
def white(data, at, end, table, lines):
    """Return the end of white space. It stops before the space that belongs to the next word.

    lines: if the white space has line ends, stop after the last of them instead.
    """
    start, last, after_line = at, at, at
    while at < end:
        code, following = code_point(data, at)
        if not table[code] & SPACE:
            break
        last, at = at, following
        if table[code] & NEWLINE:
            after_line = at
    if lines and after_line > start:
        return after_line
    return last if at < end and last > start else at
