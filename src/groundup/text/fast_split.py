"""The named split patterns as loops over UTF-8 bytes. They find the chunks of `patterns.split` ten times as fast.

A regular-expression engine decides at every character which case applies; these loops know it from the code.
"""

import numpy as np

from groundup.text.fast_bits import GPT2, GPT4, O200K, WHOLE, WIDTH, begins
from groundup.text.fast_compile import compiled, trailing_zeros
from groundup.text.fast_scan import (
    LETTER,
    LOWER,
    NEWLINE,
    NUMBER,
    SPACE,
    UPPER,
    byte,
    code_point,
    contraction,
    skip,
    skip_digits,
    skip_letters,
    skip_signs,
    white,
)

BLOCK = 4096  # chunks split off at a time
_BLANK, _SLASH = 0x20, 0x2F


@compiled
def gpt2_end(data, start, end, table):
    """Return the end of the chunk that begins at `start`, by the pattern "gpt2"."""
    at = contraction(data, start, end, False)
    if at > start:
        return at
    at = start + 1 if data[start] == _BLANK and start + 1 < end else start
    code, following = code_point(data, at)
    if table[code] & LETTER:
        return skip_letters(data, following, end, table, LETTER)
    if table[code] & NUMBER:
        return skip(data, following, end, table, NUMBER)
    if not table[code] & SPACE:
        return skip_signs(data, following, end, table)
    return white(data, start, end, table, False)


@compiled
def gpt4_end(data, start, end, table):
    """Return the end of the chunk that begins at `start`, by the pattern "gpt4"."""
    at = contraction(data, start, end, True)
    if at > start:
        return at
    code, following = code_point(data, start)
    kind = table[code]
    if kind & LETTER:
        return skip_letters(data, following, end, table, LETTER)
    if kind & NUMBER:
        return skip_digits(data, start, end, table)
    if not kind & NEWLINE and following < end:
        at = skip_letters(data, following, end, table, LETTER)
        if at > following:
            return at
    return signs_or_white(data, start, end, table, NEWLINE, False)


@compiled
def signs_or_white(data, start, end, table, behind, slashes):
    """Return the end of " ?[^\\s\\p{L}\\p{N}]+" with the line ends (and slashes) after it, or else of white space."""
    signs = start + 1 if data[start] == _BLANK else start
    at = skip_signs(data, signs, end, table)
    if at == signs:
        return white(data, start, end, table, True)
    while at < end and ((data[at] < 0x80 and table[byte(data, at)] & behind) or (slashes and data[at] == _SLASH)):
        at += 1
    return at


@compiled
def o200k_end(data, start, end, table):
    """Return the end of the chunk that begins at `start`, by the pattern "o200k".

    A word is capitals and then small letters, with one sign before it and a contraction after it.
    """
    code, following = code_point(data, start)
    kind = table[code]
    clinging = not kind & (LETTER | NUMBER | NEWLINE)  # one sign or space may come before the word
    for small in (True, False):  # first try a word that ends in small letters, then capitals only
        if clinging:
            at = word_end(data, following, end, table, small)
            if at > following:
                return contraction(data, at, end, True)
        at = word_end(data, start, end, table, small)
        if at > start:
            return contraction(data, at, end, True)
    if kind & NUMBER:
        return skip_digits(data, start, end, table)
    return signs_or_white(data, start, end, table, NEWLINE, True)


@compiled
def word_end(data, start, end, table, small):
    """Return the end of UPPER* LOWER+ if `small`, else of UPPER+; `start` if there is no match.

    Some characters are both. If UPPER* has taken all of them, the last one is given back to LOWER+.
    """
    at, given_back = start, start
    while at < end:
        code, following = code_point(data, at)
        if not table[code] & UPPER:
            break
        at = following
        if table[code] & LOWER:
            given_back = at
    if not small:
        return at
    after = skip_letters(data, at, end, table, LOWER)
    return after if after > at else given_back


@compiled
def chunk_end(data, start, end, table, kind):
    """Return the end of the chunk that begins at `start` < `end`, by the pattern of this kind."""
    if kind == GPT2:
        return gpt2_end(data, start, end, table)
    if kind == GPT4:
        return gpt4_end(data, start, end, table)
    if kind == O200K:
        return o200k_end(data, start, end, table)
    return end


@compiled
def split(data, start, end, table, kind, ends):
    """Write the ends of the chunks of data[start:end] to `ends`, until it is full, and return their number.

    A block of chunks is split before any chunk is looked up: two short loops are faster than one long one.
    """
    count = 0
    while start < end and count < len(ends) - WIDTH:
        base, careful = start, start + 1  # careful: up to where `chunk_end` has to be used
        if kind != WHOLE and start + WIDTH <= end and byte(data, start) < 0x80:
            found, clear = begins(data, start, kind)
            while found:
                start = base + np.int64(trailing_zeros(found))
                ends[count] = start
                count += 1
                found &= found - np.uint64(1)
            if clear == WIDTH and start > base:
                continue
            careful = base + (clear + 1 if clear >= WIDTH // 2 else WIDTH)
        while start < min(careful, end) and count < len(ends):
            start = chunk_end(data, start, end, table, kind)
            ends[count] = start
            count += 1
    return count
