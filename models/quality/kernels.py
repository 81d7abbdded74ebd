"""Sums for growing trees, compiled; rows are added in their order, so sums are the same each time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_TAKES = "uint8[:, ::1], int32[::1], float64[::1], int64[::1], int64[::1]"
_GIVES = "float64[:, :, ::1], int64[:, :, ::1]"


@njit(
    f"void({_TAKES}, {_GIVES})",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def histograms(
    bins: NDArray[np.uint8],
    node: NDArray[np.int32],
    rest: NDArray[np.float64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    sums: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> None:
    """Add up what is left to explain, by node, column and bin.

    Args:
        bins: uint8[n, features].
        node: int32[n]: node of each row, below 0 for none.
        rest: f64[n]: what is left to explain.
        rows: i64[m]: rows that are looked at.
        columns: i64[c]: features that are looked at.
        sums: f64[nodes, c, bins], zeros; written.
        counts: i64[nodes, c, bins], zeros; written.
    """
    for row in rows:
        place = node[row]
        if place < 0:
            continue
        for at in range(columns.size):
            bin_ = bins[row, columns[at]]
            sums[place, at, bin_] += rest[row]
            counts[place, at, bin_] += 1
