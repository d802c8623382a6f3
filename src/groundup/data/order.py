"""A random order that is arithmetic: number i of n, shuffled, without shuffling anything."""

import numpy as np
from numpy.typing import NDArray

ROUNDS = 4  # each changes both halves


def shuffled(index: NDArray[np.int64], count: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """Where the numbers `index` (each from 0 to count - 1) stand in the order of (seed, epoch); O(1) memory and time.

    A number is written with two digits, i = a * L + b with L about sqrt(n). A round adds a scrambled b to a, modulo the
    digits that a has, then a scrambled a to b. Adding what the other digit says can be taken back, whatever the
    scrambling does: so every round, and all of them, are a bijection (a Feistel network; Black and Rogaway 2002,
    "Ciphers with arbitrary finite domains", the generalised Feistel cipher). Two digits reach a little past n - 1: what
    lands there goes through the rounds again until it does not. That walk follows a cycle of the bijection, which leads
    back below n at the latest where it began, and no two numbers meet on it.
    """
    assert count > 0, count
    low = int(np.ceil(np.sqrt(count)))
    high = -(-count // low)  # low * high is at least count, and less than count + low
    keys = np.random.SeedSequence([seed, epoch]).generate_state(2 * ROUNDS, np.uint64)
    result = index.astype(np.int64)
    outside = np.arange(len(result))  # all go through the rounds once
    while len(outside):
        a, b = np.divmod(result[outside], low)
        for key_a, key_b in zip(keys[::2], keys[1::2], strict=True):
            a = (a + _scrambled(b, key_a) % high) % high
            b = (b + _scrambled(a, key_b) % low) % low
        result[outside] = a * low + b
        outside = outside[result[outside] >= count]
    return result


def _scrambled(number: NDArray[np.int64], key: np.uint64) -> NDArray[np.int64]:
    """A number from 0 on that depends on all bits of the two (the finaliser of SplitMix64; Steele et al. 2014)."""
    x = number.astype(np.uint64) ^ key
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)
