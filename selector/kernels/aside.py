"""What rules single out, and what is akin to what was just shown. Conventions: see the package."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selector.kernels.fit import MICRO

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]

CHOSEN, TOTAL, DRAWN, OUT, ASIDE, AKIN, LIST = 0, 1, 2, 3, 4, 5, 6
"""What stands where in the `result` of a draw."""
SHARE, LISTED, REPEAT = 0, 1, 2
"""Columns of `aside`."""


@njit("int64(int64, int64, int32[:,::1], uint8[::1])", cache=True, nogil=True)
def _single_out(index: int, count: int, aside: I32, marks: U8) -> int:
    """Note that an entry is no ordinary one; how many there are now."""
    if marks[index] == 0:
        marks[index] = 1
        aside[index, SHARE], aside[index, REPEAT] = MICRO, MICRO
        aside[count, LISTED] = index
        return count + 1
    return count


@njit(
    "int64(int64[::1], int64, int64, int64[:,::1], int64[:,::1], int32[:,::1], int64[:,::1], int32[::1],"
    " int32[:,::1], uint8[::1], int64[::1])",
    cache=True,
    nogil=True,
)
def set_aside(
    past: I64,
    on_screen: int,
    shown: int,
    ladders: I64,
    rated: I64,
    kin: I32,
    groups: I64,
    members: I32,
    aside: I32,
    marks: U8,
    result: I64,
) -> int:
    """Apply the rules, and what is akin to the recent past.

    Args:
        past: int64[k], indices: what is on screen, if it is of this table; what was shown, newest first; what
            is excluded.
        on_screen: how many of the first.
        shown: how many of the second.
        ladders: int64[4, picks]: by age, what is left to what was shown itself, then to others of its author,
            family and look. `ladders[0, 0]` is for what is on screen.
        rated: int64[2, r]: indices that the operator has rated, and what that makes of them, at most 2 MICRO.
        kin: int32[n, 3].
        groups: int64[g + 1, 2], the shares written.
        members: int32[m], indices.
        aside: int32[n, 3], written: what is set aside; what was before is taken back.
        marks: uint8[n], written.
        result: int64; `ASIDE` entries and `AKIN` groups, listed from `LIST` on, are set aside.

    Returns:
        How many were set aside.
    """
    for k in range(result[ASIDE]):
        marks[aside[k, LISTED]] = 0
    for k in range(result[AKIN]):
        groups[result[LIST + k], 1] = MICRO
    count, akin = 0, 0
    for k in range(on_screen):
        count = _single_out(past[k], count, aside, marks)
        aside[past[k], SHARE] = aside[past[k], REPEAT] = ladders[0, 0]
    for age in range(shown):
        index = past[on_screen + age]
        if marks[index] == 0 and age + 1 < ladders.shape[1]:
            count = _single_out(index, count, aside, marks)
            aside[index, SHARE] = aside[index, REPEAT] = ladders[0, age + 1]
    for k in range(rated.shape[1]):
        index = rated[0, k]
        count = _single_out(index, count, aside, marks)
        aside[index, SHARE] = aside[index, SHARE] * rated[1, k] // MICRO
    for k in range(on_screen + shown, past.shape[0]):
        count = _single_out(past[k], count, aside, marks)
        aside[past[k], SHARE] = 0
    nobody = groups.shape[0] - 1
    for kind in range(3):
        for age in range(min(shown, ladders.shape[1])):
            left = ladders[1 + kind, age]
            group = kin[past[on_screen + age], kind]
            if left == MICRO or group == nobody or groups[group, 1] != MICRO:
                continue
            if LIST + akin == result.shape[0]:
                break
            groups[group, 1] = left
            result[LIST + akin] = group
            akin += 1
            for m in range(groups[group, 0], groups[group + 1, 0]):
                count = _single_out(members[m], count, aside, marks)
                aside[members[m], SHARE] = aside[members[m], SHARE] * left // MICRO
    result[AKIN] = akin
    result[ASIDE] = count
    return count
