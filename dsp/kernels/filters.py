"""From integers to filtered blocks: level, loudness weighting and three bands of one hop."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

FULL_SCALE = 1.0 / 8388608.0
TINY = 1e-24
"""Filter memory smaller than this is set to zero, so that silence never computes with subnormal numbers."""


@njit("void(float64[:,::1], float64[::1], float64[:,::1], float64[:,::1])", cache=True, nogil=True)
def biquad(x: Float64, coefficients: Float64, memory: Float64, y: Float64) -> None:
    """Second-order filter of both channels, transposed direct form II. `x` and `y` may be the same array.

    Args:
        x: float64[2, n].
        coefficients: float64[5], `b0 b1 b2 a1 a2`.
        memory: float64[2, 2], state of left and right.
        y: float64[2, n], written.
    """
    b0, b1, b2, a1, a2 = coefficients[0], coefficients[1], coefficients[2], coefficients[3], coefficients[4]
    l1, l2, r1, r2 = memory[0, 0], memory[0, 1], memory[1, 0], memory[1, 1]
    for i in range(x.shape[1]):
        left, right = x[0, i], x[1, i]
        u, v = b0 * left + l1, b0 * right + r1
        l1, r1 = b1 * left - a1 * u + l2, b1 * right - a1 * v + r2
        l2, r2 = b2 * left - a2 * u, b2 * right - a2 * v
        y[0, i], y[1, i] = u, v
    memory[0, 0], memory[0, 1], memory[1, 0], memory[1, 1] = l1, l2, r1, r2
    for channel in range(2):
        for k in range(2):
            if abs(memory[channel, k]) < TINY:
                memory[channel, k] = 0.0


@njit("float64(float64[:,::1], int64, int64)", cache=True, nogil=True)
def mean_square(x: Float64, start: int, stop: int) -> float:
    """Mean over samples `start` to `stop` of the mean square of both channels."""
    total = 0.0
    for i in range(start, stop):
        total += x[0, i] * x[0, i] + x[1, i] * x[1, i]
    return total / (2.0 * (stop - start))


@njit(
    "void(int32[:,::1], float64[:,::1], float64[:,:,::1], float32[:,::1], float64[:,:,::1],"
    " float64[:,::1], float64[::1])",
    cache=True,
    nogil=True,
)
def hear(
    samples: Int32,
    coefficients: Float64,
    memory: Float64,
    history: Float32,
    blocks: Float64,
    parts: Float64,
    levels: Float64,
) -> None:
    """Take one hop in.

    Args:
        samples: int32[hop, 2], 24-bit integers.
        coefficients: float64[5, 5]: the two K-weighting filters, then low, mid, high.
        memory: float64[5, 2, 2], state of those filters.
        history: float32[2, n], the newest n samples in -1..1; shifted by one hop.
        blocks: float64[4, 2, hop], written: the samples in -1..1, then the low, mid and high band.
        parts: float64[4, p], written: mean square of those four in each p-th part of the hop.
        levels: float64[3], written: mean square, highest magnitude, sum of both channels' K-weighted mean
            squares.
    """
    hop = samples.shape[0]
    n = history.shape[1]
    peak = 0.0
    for channel in range(2):
        for i in range(n - hop):
            history[channel, i] = history[channel, i + hop]
        for i in range(hop):
            value = samples[i, channel] * FULL_SCALE
            blocks[0, channel, i] = value
            history[channel, n - hop + i] = np.float32(value)
            peak = max(peak, abs(value))
    weighted = blocks[1]  # borrowed until the low band is written
    biquad(blocks[0], coefficients[0], memory[0], weighted)
    biquad(weighted, coefficients[1], memory[1], weighted)
    levels[0] = mean_square(blocks[0], 0, hop)
    levels[1] = peak
    levels[2] = 2.0 * mean_square(weighted, 0, hop)
    for band in range(1, 4):
        biquad(blocks[0], coefficients[band + 1], memory[band + 1], blocks[band])
    count = parts.shape[1]
    for row in range(4):
        for part in range(count):
            parts[row, part] = mean_square(blocks[row], part * hop // count, (part + 1) * hop // count)
