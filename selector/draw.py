"""Randomness as a pure function: (seed, stream, number) -> 64 bits.

The generator is SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
2014), whose n-th output is a hash of `key + n * GOLDEN`. Being a counter and not a state, any draw
can be repeated alone: replay, seek and `explain` need nothing but the numbers in the record.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from selector.fixedpoint import I64

_MASK: Final = (1 << 64) - 1
GOLDEN: Final = 0x9E3779B97F4A7C15

STREAM_PICK: Final = 1
STREAM_SHUFFLE: Final = 2
STREAM_AUTHOR: Final = 3


def splitmix64(key: int, n: int) -> int:
    """The n-th (from 0) output of SplitMix64 seeded with `key`: an integer in [0, 2**64)."""
    z = (key + (n + 1) * GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def key(seed: int, stream: int) -> int:
    """Of `splitmix64`, for the numbers of one stream."""
    return splitmix64(seed & _MASK, stream)


def u64(seed: int, stream: int, number: int) -> int:
    """Uniform integer in [0, 2**64) for this seed, stream and number."""
    return splitmix64(key(seed, stream), number)


def mulhi(bits: int, total: int) -> int:
    """Uniform 64 bits to an integer in [0, total): the high half of the product."""
    return (bits * total) >> 64


def permutation(seed: int, cycle: int, n: int) -> I64:
    """Shuffled order of 0..n-1 for one cycle; its first never equals the last of the cycle before.

    Items are sorted by a hash of (seed, cycle, item). Where the seam would repeat, the first two
    change places: that leaves the last alone, so each cycle depends on the one before only through
    a value that needs no history. Two items admit one order only, that of cycle 0.
    """
    order = _hash_order(seed, cycle if n > 2 else 0, n)
    if n > 2 and cycle > 0 and order[0] == _hash_order(seed, cycle - 1, n)[-1]:
        order[[0, 1]] = order[[1, 0]]
    return order


def _hash_order(seed: int, cycle: int, n: int) -> I64:
    key = u64(seed, STREAM_SHUFFLE, cycle)
    z = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(key)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.argsort(z ^ (z >> np.uint64(31)), kind="stable").astype(np.int64)
