"""Find where chunks begin in ASCII text, 64 bytes at a time: one bit for each byte, and no branch for each character.

A processor predicts branches and loses about twenty cycles for a wrong prediction, which happens at the end of every
word. Here the end of a word is a bit that changes. Bytes that need more work (beyond ASCII, apostrophes, ...) are
"hard": the borders before them are valid, and `chunk_end` continues from the last one.
"""

import numpy as np

from groundup.text.fast_compile import compiled, eight_bytes, trailing_zeros

WIDTH = 64  # bytes at a time
GPT2, GPT4, O200K, WHOLE = range(4)  # in the order of `patterns.PATTERNS`

_HIGH = np.uint64(0x8080808080808080)
_ONES = np.uint64(0x0101010101010101)
_GATHER = np.uint64(0x0102040810204080)  # multiplying by it collects the eight highest bits in one byte


@compiled
def between(word, low, high):
    """Return the word with the highest bit set in every byte that is in low..high. All bytes must be ASCII."""
    return (word + np.uint64((0x80 - low) * 0x0101010101010101)) & ~(
        word + np.uint64((0x7F - high) * 0x0101010101010101)
    )


@compiled
def bits(marked):
    """Return the highest bits of the eight bytes as the lowest byte."""
    return ((marked & _HIGH) >> np.uint64(7)) * _GATHER >> np.uint64(56)


@compiled
def begins(data, at, kind):
    """Return the bits of the places where chunks begin, and the place of the first hard byte.

    Bit n > 0 is set if a chunk begins at data[at + n]; one must begin at data[at]. All WIDTH bytes must belong to the
    text. The bit before a hard byte and all bits after it are 0, because they are not certain.
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
        first |= white & ~(white << one) | white & ~(white >> one)  # the first and the last byte of white space
    else:
        hard |= line & (blank << one)
        # Line ends belong to the signs before them: adding the first bit of such a run carries through and clears it.
        line &= line + (line & (sign << one))
        hard |= blank & (line << one)  # one chunk with the line ends if another line end follows
        white = blank | line
        alone = sign & ~(sign << one | sign >> one | blank << one)  # a single sign belongs to the word after it
        first = letter & ~(letter << one | blank << one | alone << one) | sign & ~(sign << one | blank << one)
        first |= white & ~(white << one) | blank & ~(white >> one)
        if kind == O200K:
            first |= capital & (small << one)
    clear = np.int64(trailing_zeros(hard))
    known = (one << np.uint64(clear - 1)) - one if clear else np.uint64(0)
    return first & known & ~one, clear
