"""Integer products of many vectors with one, compiled.

Conventions: vectors int16 of length at most `vectors.LENGTH`, so that no partial sum leaves 32 bits
(Cauchy and Schwarz); one row a vector, contiguous.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

I16 = NDArray[np.int16]
I32 = NDArray[np.int32]


@njit("void(int16[:, ::1], int16[::1], int32[::1])", cache=True, nogil=True, error_model="numpy")
def products(vectors: I16, query: I16, scores: I32) -> None:
    """Write the product of each row of `vectors`, int16[n, d], with `query`, int16[d], into `scores`."""
    rows, size = vectors.shape
    for row in range(rows):
        total = np.int32(0)
        for at in range(size):
            total += np.int32(vectors[row, at]) * np.int32(query[at])
        scores[row] = total
