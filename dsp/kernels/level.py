"""Levels of the newest hops: means and peaks over windows, in decibels."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.approx import log2

Float64 = NDArray[np.float64]

DB = 3.010299956639812
"""One octave of power, in decibels."""
FLOOR = 1e-12
"""-120 dBFS: what silence reads."""


@njit(
    "UniTuple(float64, 5)(float64, float64, float64, int64, int64, float64[:,::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def measure(
    square: float, peak: float, weighted: float, turn: int, span: int, rings: Float64
) -> tuple[float, float, float, float, float]:
    """Take one hop in and measure the windows that end with it.

    The sums are made anew each time: some 90 additions cost less than a call, and nothing drifts.

    Args:
        square: mean square of both channels.
        peak: highest magnitude.
        weighted: K-weighted mean squares of both channels, summed.
        turn: hops taken in before.
        span: hops of the short window.
        rings: float64[3, n], newest hops of the three; n hops are the window of the loudness. Written.

    Returns:
        Root mean square, highest magnitude and level (dB) of the short window, loudness (LUFS), peak (dB).
    """
    long = rings.shape[1]
    rings[0, turn % span] = square
    rings[1, turn % span] = peak
    rings[2, turn % long] = weighted
    total, top, loud = 0.0, 0.0, 0.0
    for k in range(span):
        total += rings[0, k]
        top = max(top, rings[1, k])
    for k in range(long):
        loud += rings[2, k]
    mean = total / span
    return (
        np.sqrt(mean),
        top,
        DB * log2(mean + FLOOR),
        DB * log2(loud / long + FLOOR) - 0.691,
        DB * log2(top * top + FLOOR),
    )
