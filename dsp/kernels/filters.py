"""From integers to levels: loudness weighting and three bands of one hop, sample by sample in one pass."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Coefficients = tuple[float, float, float, float, float]
Memory = tuple[float, float, float, float]

FULL_SCALE = 1.0 / 8388608.0
TINY = 1e-24
"""Filter memory smaller than this is set to zero, so that silence never computes with subnormal numbers."""


@njit(
    "Tuple((float64, float64, UniTuple(float64, 4)))"
    "(UniTuple(float64, 5), float64, float64, UniTuple(float64, 4))",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def biquad(c: Coefficients, left: float, right: float, memory: Memory) -> tuple[float, float, Memory]:
    """One sample of both channels through a second-order filter, transposed direct form II.

    Args:
        c: `b0 b1 b2 a1 a2`.
        left: the sample of the left channel.
        right: that of the right channel.
        memory: two numbers of the left, then two of the right channel.

    Returns:
        What comes out left and right, and the memory for the next sample.
    """
    u, v = c[0] * left + memory[0], c[0] * right + memory[2]
    return (
        u,
        v,
        (
            c[1] * left - c[3] * u + memory[1],
            c[2] * left - c[4] * u,
            c[1] * right - c[3] * v + memory[3],
            c[2] * right - c[4] * v,
        ),
    )


@njit("UniTuple(float64, 5)(float64[:,::1], int64)", cache=True, nogil=True, error_model="numpy")
def row(table: Float64, index: int) -> Coefficients:
    """One filter of a table, float64[n, 5]: as a tuple, the compiler can keep it in registers."""
    return table[index, 0], table[index, 1], table[index, 2], table[index, 3], table[index, 4]


@njit("UniTuple(float64, 4)(float64[:,:,::1], int64)", cache=True, nogil=True, error_model="numpy")
def recall(memory: Float64, index: int) -> Memory:
    """State of one filter, from float64[n, 2, 2]."""
    return memory[index, 0, 0], memory[index, 0, 1], memory[index, 1, 0], memory[index, 1, 1]


@njit("void(float64[:,:,::1], int64, UniTuple(float64, 4))", cache=True, nogil=True, error_model="numpy")
def keep(memory: Float64, index: int, state: Memory) -> None:
    """Store the state of one filter in float64[n, 2, 2], without what is too small to matter."""
    for k in range(4):
        memory[index, k // 2, k % 2] = state[k] if abs(state[k]) >= TINY else 0.0


@njit("void(int32[:,::1], float32[:,::1])", cache=True, nogil=True, error_model="numpy")
def append(samples: Int32, history: Float32) -> None:
    """Shift `history`, float32[2, n], by one hop and put `samples`, int32[hop, 2], at its end."""
    hop = samples.shape[0]
    kept = history.shape[1] - hop
    for channel in range(2):
        line = history[channel]
        # Hop by hop: what is read and what is written never overlap, so it goes many values at a time.
        for start in range(0, kept, hop):
            count = min(hop, kept - start)
            to, source = line[start : start + count], line[start + hop : start + hop + count]
            for i in range(count):
                to[i] = source[i]
    for i in range(hop):
        history[0, kept + i] = np.float32(samples[i, 0] * FULL_SCALE)
        history[1, kept + i] = np.float32(samples[i, 1] * FULL_SCALE)


@njit(
    "void(int32[:,::1], float64[:,::1], float64[:,:,::1], float32[:,::1], float64[:,::1], float64[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def hear(
    samples: Int32,
    coefficients: Float64,
    memory: Float64,
    history: Float32,
    parts: Float64,
    levels: Float64,
) -> None:
    """Take one hop in.

    Each filter waits for its own last result; all of them in one pass wait at the same time.

    Args:
        samples: int32[hop, 2], 24-bit integers.
        coefficients: float64[5, 5]: the two K-weighting filters, then low, mid, high.
        memory: float64[5, 2, 2], state of those filters for left and right.
        history: float32[2, n], the newest n samples in -1..1; shifted by one hop.
        parts: float64[4, p], written: mean square over both channels in each p-th part of the hop, of the
            sound and of its low, mid and high band.
        levels: float64[5], written: mean square, highest magnitude, sum of both channels' K-weighted mean
            squares, mean square of the low and of the high band.
    """
    append(samples, history)
    hop = samples.shape[0]
    shelf, cut = row(coefficients, 0), row(coefficients, 1)
    low, mid, high = row(coefficients, 2), row(coefficients, 3), row(coefficients, 4)
    in_shelf, in_cut = recall(memory, 0), recall(memory, 1)
    in_low, in_mid, in_high = recall(memory, 2), recall(memory, 3), recall(memory, 4)
    peak, whole, weighted, lows, highs = 0.0, 0.0, 0.0, 0.0, 0.0
    count = parts.shape[1]
    for part in range(count):
        start, stop = part * hop // count, (part + 1) * hop // count
        sums = (0.0, 0.0, 0.0, 0.0)
        for i in range(start, stop):
            left, right = samples[i, 0] * FULL_SCALE, samples[i, 1] * FULL_SCALE
            peak = max(peak, max(abs(left), abs(right)))
            square = left * left + right * right
            whole += square
            u, v, in_shelf = biquad(shelf, left, right, in_shelf)
            u, v, in_cut = biquad(cut, u, v, in_cut)
            weighted += u * u + v * v
            a, b, in_low = biquad(low, left, right, in_low)
            c, d, in_mid = biquad(mid, left, right, in_mid)
            e, f, in_high = biquad(high, left, right, in_high)
            sums = (
                sums[0] + square,
                sums[1] + (a * a + b * b),
                sums[2] + (c * c + d * d),
                sums[3] + (e * e + f * f),
            )
        for band in range(4):
            parts[band, part] = sums[band] / (2.0 * (stop - start))
        lows += parts[1, part]
        highs += parts[3, part]
    levels[0] = whole / (2.0 * hop)
    levels[1] = peak
    levels[2] = 2.0 * (weighted / (2.0 * hop))
    levels[3] = lows / count
    levels[4] = highs / count
    keep(memory, 0, in_shelf)
    keep(memory, 1, in_cut)
    keep(memory, 2, in_low)
    keep(memory, 3, in_mid)
    keep(memory, 4, in_high)
