"""The total, and whom the draw falls on. Conventions: see the package."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selector.kernels.aside import ASIDE, CHOSEN, DRAWN, LISTED, OUT, SHARE, TOTAL
from selector.kernels.fit import MICRO

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]

ORDER, PLACE, STRATUM = 0, 1, 2
"""Columns of `entries`."""


@njit("int64(int64, int64, int64[:,::1], int64)", cache=True, nogil=True)
def plain(level: int, explore: int, sums: I64, place: int) -> int:
    """Weight of the entry at `place`, in a stratum of this level, before the rules."""
    taste = sums[place + 1, 0] - sums[place, 0]
    return int(level * taste + explore * (sums[place + 1, 1] - sums[place, 1]))


@njit("int64(int64, int64)", cache=True, nogil=True)
def ruled(weight: int, rule: int) -> int:
    """`weight * rule / MICRO`, rounded down, without leaving 64 bits; neither is negative."""
    whole, share, one = np.uint64(weight), np.uint64(rule), np.uint64(MICRO)
    high = whole // one
    return int(high * share + (whole - high * one) * share // one)


@njit("int64(uint64, int64)", cache=True, nogil=True)
def upper(bits: int, total: int) -> int:
    """The high half of the product of 64 bits and a total of at most 63: as `draw.mulhi`."""
    low = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    a, b = bits >> half, bits & low
    c, d = np.uint64(total) >> half, np.uint64(total) & low
    middle = ((b * d) >> half) + ((a * d) & low) + b * c
    return int(a * c + ((a * d) >> half) + (middle >> half))


@njit("int64(int64[::1], int64)", cache=True, nogil=True)
def last_not_above(values: I64, limit: int) -> int:
    """Greatest index whose value is not above `limit`, of ascending values that begin with one such."""
    low, high = 0, values.shape[0]
    while high - low > 1:
        middle = (low + high) // 2
        if values[middle] <= limit:
            low = middle
        else:
            high = middle
    return int(low)


@njit("void(int32[:,::1], int32[:,::1], int64)", cache=True, nogil=True)
def _by_place(aside: I32, entries: I32, count: int) -> None:
    """Sort the first entries of the list by their places (Shell 1959)."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for j in range(gap, count):
            index, at = aside[j, LISTED], j
            while at >= gap and entries[aside[at - gap, LISTED], PLACE] > entries[index, PLACE]:
                aside[at, LISTED] = aside[at - gap, LISTED]
                at -= gap
            aside[at, LISTED] = index
        gap //= 3


@njit(
    "int64(int64, int64, int64[::1], int64[:,::1], int64[:,::1], int32[:,::1], int32[:,::1], int64[:,::1],"
    " int64)",
    cache=True,
    nogil=True,
)
def locate(
    draw: int,
    explore: int,
    level: I64,
    strata: I64,
    sums: I64,
    entries: I32,
    aside: I32,
    upto: I64,
    count: int,
) -> int:
    """Index of the entry whose interval of cumulative weight holds `draw`; arguments as in `weigh`.

    Within its stratum entries lie by place, and `count` are set aside in all.
    """
    s = last_not_above(upto[0], draw)
    begin, end = strata[3, s], strata[3, s + 1]
    here = 0
    for k in range(count):
        index = aside[k, LISTED]
        if entries[index, STRATUM] == s:
            aside[k, LISTED], aside[here, LISTED] = aside[here, LISTED], index
            here += 1
    _by_place(aside, entries, here)
    rest = draw - upto[0, s]
    for k in range(here):
        index = int(aside[k, LISTED])
        place = int(entries[index, PLACE])
        run = level[s] * (sums[place, 0] - sums[begin, 0]) + explore * (sums[place, 1] - sums[begin, 1])
        if rest < run:
            end = place
            break
        rest -= run
        own = ruled(plain(level[s], explore, sums, place), aside[index, SHARE])
        if rest < own:
            return int(index)
        rest -= own
        begin = place + 1
    low, high = begin, end
    while high - low > 1:
        middle = (low + high) // 2
        before = level[s] * (sums[middle, 0] - sums[begin, 0]) + explore * (sums[middle, 1] - sums[begin, 1])
        if before <= rest:
            low = middle
        else:
            high = middle
    return int(entries[low, ORDER])


@njit(
    "void(uint64, int64, int64[::1], int64[:,::1], int64[:,::1], int32[:,::1], int32[:,::1], int64[:,::1],"
    " int64[::1])",
    cache=True,
    nogil=True,
)
def weigh(
    bits: int,
    explore: int,
    level: I64,
    strata: I64,
    sums: I64,
    entries: I32,
    aside: I32,
    upto: I64,
    result: I64,
) -> None:
    """Sum the weights of all and find the one on which the draw falls.

    Args:
        bits: 64 of them, uniform.
        explore: micro-units.
        level: int64[strata].
        strata: int64[4, strata + 1]; see `fit`.
        sums: int64[n + 1, 2].
        entries: int32[n, 3].
        aside: int32[n, 3].
        upto: int64[2, strata + 1], written: weight of all strata before each; work.
        result: int64: `ASIDE` are taken account of; written: index of the `CHOSEN`, `TOTAL`, what was `DRAWN`
            from 0 to there, and how many rules leave `OUT` that have a standing. CHOSEN is -1 where the total
            is 0.
    """
    count = level.shape[0]
    for s in range(count):
        upto[1, s] = 0
    out = 0
    for k in range(result[ASIDE]):
        index = int(aside[k, LISTED])
        place, s = entries[index, PLACE], entries[index, STRATUM]
        own = plain(level[s], explore, sums, place)
        share = aside[index, SHARE]
        upto[1, s] += own - ruled(own, share)
        out += share == 0 and sums[place + 1, 1] > sums[place, 1]
    upto[0, 0] = 0
    for s in range(count):
        low, high = strata[3, s], strata[3, s + 1]
        whole = level[s] * (sums[high, 0] - sums[low, 0]) + explore * (sums[high, 1] - sums[low, 1])
        upto[0, s + 1] = upto[0, s] + whole - upto[1, s]
    total = upto[0, count]
    result[TOTAL], result[OUT] = total, out
    result[CHOSEN], result[DRAWN] = -1, 0
    if total > 0:
        result[DRAWN] = upper(bits, total)
        result[CHOSEN] = locate(
            result[DRAWN],
            explore,
            level,
            strata,
            sums,
            entries,
            aside,
            upto,
            result[ASIDE],
        )
