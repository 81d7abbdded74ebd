"""Who else could have been drawn, and draws from one group alone. Conventions: see the package."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selector.kernels.aside import ASIDE, CHOSEN, DRAWN, LISTED, OUT, SHARE, TOTAL
from selector.kernels.fit import MICRO
from selector.kernels.weigh import ORDER, PLACE, STRATUM, plain, ruled, upper

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]


@njit("int64(int64[::1], int64[::1], int64, int64, int64)", cache=True, nogil=True)
def _enter(found: I64, weights: I64, count: int, index: int, weight: int) -> int:
    """Put an entry into its place in the list, if it is heavy enough."""
    if weight == 0:
        return count
    at = count
    while at > 0 and weights[at - 1] < weight:
        at -= 1
    if at == found.shape[0]:
        return count
    last = min(count, found.shape[0] - 1)
    for k in range(last, at, -1):
        found[k], weights[k] = found[k - 1], weights[k - 1]
    found[at], weights[at] = index, weight
    return int(min(count + 1, found.shape[0]))


@njit(
    "int64(int64, int64[::1], int64[:,::1], int64[:,::1], int32[:,::1], int32[:,::1], uint8[::1], int64[::1],"
    " int64[::1], int64[:,::1])",
    cache=True,
    nogil=True,
)
def heaviest(
    explore: int,
    level: I64,
    strata: I64,
    sums: I64,
    entries: I32,
    aside: I32,
    marks: U8,
    most: I64,
    result: I64,
    found: I64,
) -> int:
    """The entries of the greatest weight but the chosen one, heaviest first; equals as they are found.

    Args:
        explore: micro-units.
        level: int64[strata].
        strata: int64[4, strata + 1].
        sums: int64[n + 1, 2].
        entries: int32[n, 3].
        aside: int32[n, 3].
        marks: uint8[n].
        most: int64[strata], greatest standing in each stratum, within which taste falls from place to place:
            together they bound what is still to come, so most entries are never looked at.
        result: int64, as `weigh` left it.
        found: int64[2, m], written: their indices and weights.

    Returns:
        How many there are, at most m.
    """
    count, without = 0, result[CHOSEN]
    names, weights = found[0], found[1]
    for k in range(result[ASIDE]):
        index = int(aside[k, LISTED])
        if index != without:
            own = plain(level[entries[index, STRATUM]], explore, sums, entries[index, PLACE])
            own = ruled(own, aside[index, SHARE])
            count = _enter(names, weights, count, index, own)
    for s in range(level.shape[0]):
        for p in range(strata[3, s], strata[3, s + 1]):
            taste = sums[p + 1, 0] - sums[p, 0]
            if count == names.shape[0] and level[s] * taste + explore * most[s] <= weights[count - 1]:
                break
            index = int(entries[p, ORDER])
            if marks[index] == 0 and index != without:
                count = _enter(names, weights, count, index, plain(level[s], explore, sums, p))
    return count


@njit(
    "int64(uint64, int64, int64, int64[::1], int64[:,::1], int32[:,::1], int64[:,::1], int32[::1],"
    " int32[:,::1], uint8[::1], int64[::1], int64[:,::1])",
    cache=True,
    nogil=True,
)
def among(
    bits: int,
    group: int,
    explore: int,
    level: I64,
    sums: I64,
    entries: I32,
    groups: I64,
    members: I32,
    aside: I32,
    marks: U8,
    result: I64,
    found: I64,
) -> int:
    """As `weigh` and `heaviest`, from the members of one group alone; `OUT` counts those of weight 0."""
    first, end = groups[group, 0], groups[group + 1, 0]
    total, out = 0, 0
    for final in range(2):
        if final:
            result[TOTAL], result[OUT], result[CHOSEN], result[DRAWN] = total, out, -1, 0
            if total == 0:
                return 0
            result[DRAWN] = upper(bits, total)
        upto, count = 0, 0
        for m in range(first, end):
            index = int(members[m])
            own = plain(level[entries[index, STRATUM]], explore, sums, entries[index, PLACE])
            own = ruled(own, aside[index, SHARE] if marks[index] else MICRO)
            if not final:
                total += own
                out += own == 0
            elif upto <= result[DRAWN] < upto + own:
                result[CHOSEN] = index
            else:
                count = _enter(found[0], found[1], count, index, own)
            upto += own
    return int(count)
