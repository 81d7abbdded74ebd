"""One hop as the onset network hears it: how far each band rises above what it did before.

Two views: a short spectrum that weighs the newest samples most (which note or hit), and the envelopes of
three wide bands in quarters of the hop (when exactly). Both are told relative to the band's own past, so the
level of the music does not matter; what lies far below the loudest band of late counts as empty.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.frames import SILENT, gather, octaves, window_power

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

RANGE = np.float32(20.0)
"""Octaves of power below the loudest band of late at which a band counts as empty: 60 dB."""
MOST = np.float32(3.0)
LEVEL_UNIT = np.float32(0.25)
RISE_UNIT = np.float32(0.5)
"""Features of levels count in units of 12 dB, those of rises in units of 6 dB."""


@njit("float32(float32)", cache=True, nogil=True, error_model="numpy")
def held(x: np.float32) -> np.float32:
    """`x` within -3 and 3."""
    return min(max(x, -MOST), MOST)


@njit(
    "void(float32[::1], float32[::1], float32[:,::1], float32[:,::1], float32[::1], float32[::1],"
    " float32[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def describe(
    level: Float32,
    quarters: Float32,
    bands: Float32,
    wide: Float32,
    memory: Float32,
    speeds: Float32,
    out: Float32,
) -> None:
    """Features of one hop from its levels.

    Args:
        level: float32[b], bands of the short window, octaves; raised to the floor in place.
        quarters: float32[3 * 4], envelopes of the low, mid and high band in each quarter of the hop, octaves;
            raised to the floor in place.
        bands: float32[3, b], of each band: slow mean, peak that falls, level of the hop before; updated.
        wide: float32[2, 3], of each wide band: slow mean, level of the quarter before; updated.
        memory: float32[3]: loudest band of late, hops heard, slow mean of the loudest band; updated.
        speeds: float32[4]: fall of the loudest band and of a band's peak a hop (octaves), slowest step of
            the means, least level that counts (octaves).
        out: float32[3 b + 26], written, -3..3: levels over the mean, rises over the hop before, rises over
            the peak; levels and rises of the quarters; loudest band over its mean, and over its own past.
    """
    count = level.shape[0]
    top = SILENT
    for k in range(count):
        top = max(top, level[k])
    before = memory[0]
    memory[0] = max(before - speeds[0], top)
    floor = max(memory[0] - RANGE, speeds[3])
    fresh = memory[1] == np.float32(0.0)
    memory[1] = min(memory[1] + np.float32(1.0), np.float32(1e6))
    step = max(speeds[2], np.float32(1.0) / memory[1])
    for k in range(count):
        level[k] = max(level[k], floor)
    if fresh:
        bands[0], bands[1], bands[2] = level, level, level
        for band in range(3):
            wide[0, band] = wide[1, band] = max(quarters[4 * band], floor)
        memory[2] = floor
    for k in range(count):
        mean, peak, now = bands[0, k], bands[1, k], level[k]
        # A note that slides into the neighbouring band is no onset (Boeck and Widmer, 2013).
        past = max(bands[2, max(k - 1, 0)], max(bands[2, k], bands[2, min(k + 1, count - 1)]))
        out[k] = held((now - mean) * LEVEL_UNIT)
        out[count + k] = max(held((now - past) * RISE_UNIT), np.float32(0.0))
        out[2 * count + k] = held((now - peak) * RISE_UNIT)
        bands[0, k] = mean + step * (now - mean)
        bands[1, k] = max(max(now, peak - speeds[1]), floor)
    bands[2] = level
    at = 3 * count
    for band in range(3):
        mean, past = wide[0, band], wide[1, band]
        total = np.float32(0.0)
        for quarter in range(4):
            now = max(quarters[4 * band + quarter], floor)
            out[at + 4 * band + quarter] = held((now - mean) * LEVEL_UNIT)
            out[at + 12 + 4 * band + quarter] = max(held((now - past) * RISE_UNIT), np.float32(0.0))
            past = now
            total += now
        wide[0, band] = mean + step * (np.float32(0.25) * total - mean)
        wide[1, band] = past
    whole = max(top, floor)
    out[at + 24] = held((whole - memory[2]) * LEVEL_UNIT)
    out[at + 25] = held((whole - max(before, floor)) * LEVEL_UNIT)
    memory[2] += step * (whole - memory[2])


@njit(
    "void(float32[:,::1], int64, float64[:,::1], float32[::1], float32[:,::1], float32[:,:,::1], float32,"
    " int32[:,::1], float32[:,::1], float32[:,::1], float32[:,::1], float32[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def band_levels(
    history: Float32,
    first: int,
    parts: Float64,
    window: Float32,
    twiddle: Float32,
    work: Float32,
    scale: float,
    spans: Int32,
    weights: Float32,
    power: Float32,
    envelopes: Float32,
    out: Float32,
) -> None:
    """Levels of the bands of the short window, then of the quarters.

    Args:
        history: float32[2, m], left and right.
        first: index of the first sample of the window.
        parts: float64[4, 4], mean squares in each quarter of the hop: whole sound, low, mid, high band.
        window: float32[w].
        twiddle: float32[2, n].
        work: float32[2, 2, n], overwritten.
        scale: factor of the spectrum.
        spans: int32[b, 2], see `kernels.frames.gather`.
        weights: float32[b, most bins].
        power: float32[2, max(n / 2, b + 12)], overwritten.
        envelopes: float32[2, 3], of the wide bands: envelope (updated) and its release a quarter.
        out: float32[b + 12], written, octaves.
    """
    count = spans.shape[0]
    window_power(history, first, window, twiddle, work, scale, power[0])
    sums = power[1, : count + 12]
    gather(power[0], spans, weights, sums[:count])
    for band in range(3):
        envelope, release = envelopes[0, band], envelopes[1, band]
        for quarter in range(4):
            envelope = max(np.float32(parts[band + 1, quarter]), envelope * release)
            sums[count + 4 * band + quarter] = envelope
        # Silence never computes with subnormal numbers.
        envelopes[0, band] = envelope if envelope > np.float32(1e-24) else np.float32(0.0)
    octaves(sums, out)
