"""What the network hears: a hundred frames a second, at every sample rate.

Frame k ends at sample `k * rate // 100`, so frames fall at the same times whatever the rate; windows last
42.7 and 10.7 ms and bands are given in Hz. So the network, and all that follows it, need not know the rate.

Conventions: power 1.0 is a full-scale sine in both channels; levels in octaves of power (3.01 dB).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp import tables
from dsp.kernels.frames import band_levels, normalise

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

FRAME_RATE = 100
"""Frames a second."""
LONG_HZ = (
    *(30, 55, 80, 105, 130, 160, 190, 225, 265, 310, 360, 420, 490, 570, 660, 770, 890, 1030),
    *(1190, 1380, 1600, 1850, 2140, 2480, 2870, 3320, 3840, 4440, 5140, 5950, 6880, 7960, 9210),
    *(10650, 12320, 14250),
)
"""Centres of the bands of the long window: not narrower than its bins, then about a fifth of an octave."""
SHORT_HZ = (*(100, 200, 300, 430, 580, 770, 1030, 1380, 1850, 2480, 3320, 4440, 5950, 7960, 10650, 14250),)
"""Centres of the bands of the short window."""
FEATURES = 2 * len(LONG_HZ) + len(SHORT_HZ) + 2
RISE_FRAMES = 3
"""Rises of the long window are over 30 ms: less than its length would show the same hit several times."""
MEAN_S = 4.0
FADE_DB_S = 3.0


class Spectrum:
    """Power spectrum of windows of one length, and the levels of its bands.

    Args:
        width: samples in the window.
        centres: of the bands, Hz.
        rate: samples a second.

    Attributes:
        size: FFT length, a power of two.
        power: float32[size / 2], of the newest window.
        levels: float32[bands], octaves of power, of the newest window.
    """

    def __init__(self, width: int, centres: tuple[int, ...], rate: int) -> None:
        self.width = width
        size = 8
        while size < width:
            size *= 2
        self.size = size
        self._window, total = tables.late_window(width)
        self._scale = 2.0 / (total * total)
        self._twiddle = np.stack(tables.twiddles(size))
        self._work = np.zeros((2, 2, size), dtype=np.float32)
        self._spans, self._weights = triangles(centres, size, rate)
        self._bands = np.zeros(len(centres), dtype=np.float32)
        self.power: Float32 = np.zeros(size // 2, dtype=np.float32)
        self.levels: Float32 = np.zeros(len(centres), dtype=np.float32)

    def look(self, signal: Float32, end: int) -> Float32:
        """Levels in the window that ends before sample `end` of `signal`, float32[2, n]."""
        band_levels(
            signal,
            end - self.width,
            self._window,
            self._twiddle,
            self._work,
            self._scale,
            self.power,
            self._spans,
            self._weights,
            self._bands,
            self.levels,
        )
        return self.levels


def triangles(centres: tuple[int, ...], size: int, rate: int) -> tuple[Int32, Float32]:
    """Overlapping triangular bands over FFT bins.

    Args:
        centres: ascending, Hz; each band reaches from the centre before to the centre after.
        size: FFT length.
        rate: samples a second.

    Returns:
        int32[b, 2], first bin and number of bins, and float32[b, most], their weights: in bins at 48 kHz, so
        that a band's power does not depend on the FFT length. A band above Nyquist has one bin of weight 0.
    """
    edges = (2 * centres[0] - centres[1], *centres, 2 * centres[-1] - centres[-2])
    rows: list[tuple[int, list[float]]] = []
    for low, centre, high in zip(edges, edges[1:], edges[2:], strict=False):
        first = 0
        weights: list[float] = []
        for k in range(1, size // 2):
            # Compared as integers (k * rate against Hz * size), so that no rounding moves a bin.
            if low * size < k * rate < high * size:
                rising = k * rate <= centre * size
                near, wide = (
                    (k * rate - low * size, centre - low)
                    if rising
                    else (high * size - k * rate, high - centre)
                )
                first = first if weights else k
                weights.append(near / (wide * size) * (rate * 2048) / (48000 * size))
        rows.append((first, weights) if weights else (1, [0.0]))
    table = np.zeros((len(rows), max(len(weights) for _, weights in rows)), dtype=np.float32)
    for row, (_, weights) in enumerate(rows):
        table[row, : len(weights)] = weights
    spans = np.array([(first, len(weights)) for first, weights in rows], dtype=np.int32)
    return spans, table


class Frames:
    """Features of one frame after another.

    Attributes:
        long: the spectrum over 42.7 ms, also used for the snapshot.
        features: float32[FEATURES] of the newest frame, -3..3.
        reach: samples before the end of a frame that it looks at.
    """

    def __init__(self, rate: int) -> None:
        self.long = Spectrum(16 * rate // 375, LONG_HZ, rate)
        self._short = Spectrum(4 * rate // 375, SHORT_HZ, rate)
        self.reach = self.long.width
        self._past = np.zeros((RISE_FRAMES, len(LONG_HZ)), dtype=np.float32)
        self._quick_past = np.zeros((1, len(SHORT_HZ)), dtype=np.float32)
        self._mean = np.zeros(len(LONG_HZ) + 1, dtype=np.float32)
        self._memory = np.array([-45.0, 0.0, 0.0], dtype=np.float32)
        fade = FADE_DB_S / (3.010299956639812 * FRAME_RATE)
        self._speeds = np.array([fade, 1.0 / (MEAN_S * FRAME_RATE)], dtype=np.float32)
        self.features: Float32 = np.zeros(FEATURES, dtype=np.float32)

    def look(self, signal: Float32, end: int) -> Float32:
        """Describe the frame that ends before sample `end` of `signal`, float32[2, n], `end >= reach`."""
        normalise(
            self.long.look(signal, end),
            self._short.look(signal, end),
            self._past,
            self._quick_past,
            self._mean,
            self._memory,
            self._speeds,
            self.features,
        )
        return self.features


def frames_of(samples: Int32, rate: int) -> Float32:
    """Features of a whole piece, exactly as the live path hears them.

    Args:
        samples: int32[n, 2], 24-bit.
        rate: samples a second.

    Returns:
        float32[n * 100 // rate, FEATURES].
    """
    frames = Frames(rate)
    signal = np.zeros((2, frames.reach + len(samples)), dtype=np.float32)
    signal[:, frames.reach :] = samples.T * np.float32(1.0 / 8388608.0)
    count = len(samples) * FRAME_RATE // rate
    out = np.zeros((count, FEATURES), dtype=np.float32)
    for k in range(count):
        out[k] = frames.look(signal, frames.reach + (k + 1) * rate // FRAME_RATE)
    return out
