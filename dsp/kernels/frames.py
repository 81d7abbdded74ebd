"""From the newest samples to what the network hears of one frame: spectra, bands, levels, rises."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.fft import fft

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

SILENT = np.float32(-45.0)
"""Octaves of power below full scale under which nothing is told apart: -135 dB."""
RANGE = np.float32(23.0)
"""Octaves below the loudest band of late at which a band counts as empty: 70 dB."""
UNIT = np.float32(4.0)
"""Octaves of power (12 dB) that make a feature of 1."""
MOST = np.float32(3.0)


@njit(
    "void(float32[:,::1], int64, float32[::1], float32[:,::1], float32[:,:,::1], float32, float32[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def window_power(
    signal: Float32,
    first: int,
    window: Float32,
    twiddle: Float32,
    work: Float32,
    scale: float,
    power: Float32,
) -> None:
    """Sum of both channels' power spectra of one window.

    Left and right go in as real and imaginary part; then `|L|^2 + |R|^2 = (|Z[k]|^2 + |Z[n-k]|^2) / 2`, so
    the two spectra never need to be told apart. The sum is the same for left and right, mid and side, and
    any other rotation of the two: a signal in antiphase, or on one side alone, counts in full.

    Args:
        signal: float32[2, m], left and right.
        first: index of the first sample of the window.
        window: float32[w], w <= n; the rest up to n is zero.
        twiddle: float32[2, n].
        work: float32[2, 2, n], overwritten.
        scale: factor of the result.
        power: float32[n/2], written; bin k is at k * rate / n.
    """
    n = twiddle.shape[1]
    width = window.shape[0]
    x = work[0]
    for channel in range(2):
        line, to = signal[channel, first : first + width], x[channel]
        for i in range(width):
            to[i] = line[i] * window[i]
        for i in range(width, n):
            to[i] = np.float32(0.0)
    z = work[1] if fft(x, work[1], twiddle) else x
    power[0] = scale * (z[0, 0] * z[0, 0] + z[1, 0] * z[1, 0])
    for k in range(1, n // 2):
        m = n - k
        power[k] = (
            np.float32(0.5)
            * scale
            * (z[0, k] * z[0, k] + z[1, k] * z[1, k] + z[0, m] * z[0, m] + z[1, m] * z[1, m])
        )


@njit("void(float32[::1], float32[::1])", cache=True, nogil=True, error_model="numpy")
def octaves(power: Float32, level: Float32) -> None:
    """Base-2 logarithm of each power, float32, 2e-6 absolute; `SILENT` at and below -135 dB.

    Args:
        power: float32[n].
        level: float32[n], written. The loop has no branch, so it is done several values at a time.
    """
    bits = power.view(np.int32)
    for k in range(power.shape[0]):
        shifted = bits[k] - np.int32(0x3F3504F3)
        exponent = np.float32(shifted >> 23)
        m = np.int32((shifted & np.int32(0x007FFFFF)) + np.int32(0x3F3504F3)).view(np.float32)
        s = (m - np.float32(1.0)) / (m + np.float32(1.0))
        z = s * s
        third, fifth, seventh = np.float32(0.33333334), np.float32(0.2), np.float32(0.14285715)
        value = exponent + np.float32(2.8853900817779268) * s * (
            np.float32(1.0) + z * (third + z * (fifth + z * seventh))
        )
        level[k] = value if power[k] > np.float32(2.8421709e-14) else SILENT


@njit(
    "void(float32[::1], int32[:,::1], float32[:,::1], float32[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def gather(power: Float32, spans: Int32, weights: Float32, bands: Float32) -> None:
    """Band powers: weighted sums over the bins of each band.

    Args:
        power: float32[bins].
        spans: int32[b, 2], first bin and number of bins.
        weights: float32[b, most bins].
        bands: float32[b], written.
    """
    for band in range(spans.shape[0]):
        first, count = spans[band, 0], spans[band, 1]
        total = np.float32(0.0)
        for i in range(count):
            total += weights[band, i] * power[first + i]
        bands[band] = total


@njit(
    "void(float32[:,::1], int64, float32[::1], float32[:,::1], float32[:,:,::1], float32, float32[::1],"
    " int32[:,::1], float32[:,::1], float32[::1], float32[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def band_levels(
    signal: Float32,
    first: int,
    window: Float32,
    twiddle: Float32,
    work: Float32,
    scale: float,
    power: Float32,
    spans: Int32,
    weights: Float32,
    bands: Float32,
    levels: Float32,
) -> None:
    """Spectrum, bands and their levels of one window in one call; see the three."""
    window_power(signal, first, window, twiddle, work, scale, power)
    gather(power, spans, weights, bands)
    octaves(bands, levels)


@njit(
    "void(float32[::1], float32[::1], float32[:,::1], float32[:,::1], float32[::1], float32[::1],"
    " float32[::1], float32[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def normalise(
    long: Float32,
    short: Float32,
    past_long: Float32,
    past_short: Float32,
    mean: Float32,
    memory: Float32,
    speeds: Float32,
    out: Float32,
) -> None:
    """Levels and rises of one frame, free of the absolute level and of each band's own average.

    Args:
        long: float32[a], band levels of the long window, octaves; raised to the floor in place.
        short: float32[b], the same of the short window.
        past_long: float32[lag, a], levels of the frames before, oldest first; shifted.
        past_short: float32[1, b], the same.
        mean: float32[a + 1], slow mean of each band and of the whole; updated.
        memory: float32[3]: loudest band of late (octaves), frames heard, level of the frame before.
        speeds: float32[2]: fall of the loudest band a frame (octaves), slowest step of the means.
        out: float32[2 a + b + 2], written: levels, rises, rises of the short window, whole level, its rise.
    """
    wide, narrow = long.shape[0], short.shape[0]
    top = SILENT
    for band in range(wide):
        top = max(top, long[band])
    memory[0] = max(memory[0] - speeds[0], top)
    floor = max(memory[0] - RANGE, SILENT)
    for band in range(wide):
        long[band] = max(long[band], floor)
    for band in range(narrow):
        short[band] = max(short[band], floor)
    fresh = memory[1] == np.float32(0.0)
    memory[1] = min(memory[1] + np.float32(1.0), np.float32(1e6))
    step = max(speeds[1], np.float32(1.0) / memory[1])
    lag = past_long.shape[0]
    if fresh:
        for row in range(lag):
            past_long[row] = long
        past_short[0] = short
        memory[2] = top
    for band in range(wide):
        mean[band] += step * (long[band] - mean[band])
        out[band] = min(max((long[band] - mean[band]) / UNIT, -MOST), MOST)
        # A note that slides into the neighbouring band is no onset (Boeck and Widmer, 2013).
        before = past_long[0, band]
        if band > 0:
            before = max(before, past_long[0, band - 1])
        if band < wide - 1:
            before = max(before, past_long[0, band + 1])
        out[wide + band] = min(max((long[band] - before) / UNIT, np.float32(0.0)), MOST)
    for band in range(narrow):
        rise = (short[band] - past_short[0, band]) / UNIT
        out[2 * wide + band] = min(max(rise, np.float32(0.0)), MOST)
    whole = max(top, floor)
    mean[wide] += step * (whole - mean[wide])
    out[2 * wide + narrow] = min(max((whole - mean[wide]) / UNIT, -MOST), MOST)
    out[2 * wide + narrow + 1] = min(max((whole - memory[2]) / UNIT, -MOST), MOST)
    memory[2] = whole
    for row in range(lag - 1):
        past_long[row] = past_long[row + 1]
    past_long[lag - 1] = long
    past_short[0] = short
