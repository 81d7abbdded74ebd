"""Logarithm and power of two from `+ - * /` and integer bits: equal on every CPU, unlike any library's.

Worst errors, checked in the tests: `log2` 2e-10 absolute, `exp2` 2e-11 relative.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

MANTISSA = (1 << 52) - 1
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
TWO_OVER_LN2 = 2.8853900817779268
LN2 = 0.6931471805599453


@njit("float64(float64)", cache=True, nogil=True, error_model="numpy")
def log2(x: float) -> float:
    """Base-2 logarithm of a normal positive number; -1022 for anything smaller."""
    if not x >= 2.2250738585072014e-308:
        return -1022.0
    bits = np.float64(x).view(np.int64) - ROOT_HALF_BITS
    exponent = bits >> 52
    # The mantissa, brought into [sqrt(1/2), sqrt(2)), where the series of the area tangent converges fast.
    mantissa = np.int64((bits & MANTISSA) + ROOT_HALF_BITS).view(np.float64)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    series = 1.0 + z * (1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0)))))
    return exponent + TWO_OVER_LN2 * s * series


@njit("float64(float64)", cache=True, nogil=True, error_model="numpy")
def exp2(x: float) -> float:
    """Two to the power of `x`, held within -1000 and 1000."""
    x = min(max(x, -1000.0), 1000.0)
    whole = np.int64(x + 1000.5) - 1000
    f = (x - whole) * LN2
    series = 1.0 + f * (
        1.0
        + f
        / 2.0
        * (
            1.0
            + f
            / 3.0
            * (
                1.0
                + f
                / 4.0
                * (1.0 + f / 5.0 * (1.0 + f / 6.0 * (1.0 + f / 7.0 * (1.0 + f / 8.0 * (1.0 + f / 9.0)))))
            )
        )
    )
    return series * np.int64((whole + 1023) << 52).view(np.float64)


@njit("void(float64[::1])", cache=True, nogil=True, error_model="numpy")
def round_micro(values: NDArray[np.float64]) -> None:
    """Round each value to the nearest millionth, halves up, in place: `micro` of many at once."""
    for i in range(values.shape[0]):
        values[i] = np.floor(values[i] * 1e6 + 0.5) / 1e6
