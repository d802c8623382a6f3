"""Where chunks begin in plain English, sixty-four bytes at a time: one bit a byte, and no decision a character.

A processor guesses which way a branch goes and loses some twenty cycles when it guesses wrong, as it must at the end of
every word. Here a word's end is a bit that turns. Bytes that need a closer look (beyond ASCII, apostrophes, ...) are
"hard": the borders before them stand, and `chunk_end` takes over from the last one.
"""

import numpy as np

from groundup.text.fast_compile import compiled, eight_bytes, trailing_zeros

WIDTH = 64  # bytes looked at
GPT2, GPT4, O200K, WHOLE = range(4)  # in the order of `patterns.PATTERNS`

_HIGH = np.uint64(0x8080808080808080)
_ONES = np.uint64(0x0101010101010101)
_GATHER = np.uint64(0x0102040810204080)  # a product with it brings eight highest bits together


@compiled
def between(word, low, high):
    """The highest bit of every byte that is in low..high; all bytes are ASCII."""
    return (word + np.uint64((0x80 - low) * 0x0101010101010101)) & ~(
        word + np.uint64((0x7F - high) * 0x0101010101010101)
    )


@compiled
def bits(marked):
    """The highest bits of eight bytes as the lowest byte."""
    return ((marked & _HIGH) >> np.uint64(7)) * _GATHER >> np.uint64(56)


@compiled
def begins(data, at, kind):
    """Bit n says that a chunk begins at data[at + n], n > 0, if one does at data[at]; and where the first hard byte is.

    All WIDTH bytes belong to the text. The bit before a hard byte and all behind are 0, for they are not sure.
    """
    small, capital, blank, line, hard = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
    for n in range(0, WIDTH, 8):
        word, shift = eight_bytes(data, at + n), np.uint64(n)
        ascii = word & ~_HIGH
        small |= bits(between(ascii, 0x61, 0x7A) & ~word) << shift
        capital |= bits(between(ascii, 0x41, 0x5A) & ~word) << shift
        blank |= bits(between(ascii, 0x20, 0x20) & ~word) << shift
        line |= bits(between(ascii, 0x0A, 0x0D) & ~word) << shift
        hard |= bits(word | between(ascii, 0x27, 0x27) | between(ascii, 0x2F, 0x39) | between(ascii, 0x09, 0x09)
                     | between(ascii, 0x0B, 0x0C)) << shift  # fmt: skip
    letter, one = small | capital, np.uint64(1)
    sign = ~(letter | blank | line)
    white = blank | line
    if kind == GPT2:
        first = (letter & ~(letter << one) | sign & ~(sign << one)) & ~(blank << one)
        first |= white & ~(white << one) | white & ~(white >> one)  # a run of white space, and its last byte
    else:
        hard |= line & (blank << one)
        # Line ends belong to the signs before them: adding the first of a run to it carries through and clears it.
        line &= line + (line & (sign << one))
        hard |= blank & (line << one)  # is one chunk with them if another line end follows
        white = blank | line
        alone = sign & ~(sign << one | sign >> one | blank << one)  # begins a word that follows
        first = letter & ~(letter << one | blank << one | alone << one) | sign & ~(sign << one | blank << one)
        first |= white & ~(white << one) | blank & ~(white >> one)
        if kind == O200K:
            first |= capital & (small << one)
    clear = np.int64(trailing_zeros(hard))
    known = (one << np.uint64(clear - 1)) - one if clear else np.uint64(0)
    return first & known & ~one, clear
