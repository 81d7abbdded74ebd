"""What the onset network hears: one vector of features a hop, at every sample rate.

The window of the short spectrum lasts 10.7 ms and bands are given in Hz: the network need not know the rate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp import tables
from dsp.frames import triangles
from dsp.hop import hop_of
from dsp.kernels.filters import hear
from dsp.kernels.onset_features import band_levels, describe
from dsp.tables import HZ

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

CENTRES_HZ = (
    *(100, 200, 300, 400, 500, 620, 770, 960, 1200, 1500, 1900, 2400, 3000, 3800, 4700, 5900, 7400),
    *(9300, 11700, 14600),
)
"""Centres of the bands of the short window: not narrower than its bins, then about a third of an octave."""
PARTS = 4
"""Quarters of a hop, each about 1.3 ms."""
WIDE = 3
FEATURES = 3 * len(CENTRES_HZ) + 2 * WIDE * PARTS + 2
RELEASE_S = (0.035, 0.016, 0.010)
"""Release of the envelopes of low, mid and high: about one period of the lowest tone in the band."""
MEAN_S = 1.5
FADE_DB_S = 3.0
PEAK_DB_S = 120.0
"""How fast the peak that a new rise has to beat falls: more slowly than restless sound does."""
OCTAVE_DB = 3.010299956639812


class OnsetFeatures:
    """Features of one hop after another.

    Args:
        rate: samples a second.

    Attributes:
        reach: samples before the end of a hop that it looks at.
        features: float32[FEATURES] of the newest hop, -3..3.
    """

    def __init__(self, rate: int) -> None:
        hop = hop_of(rate)
        self.reach = 4 * rate // 375
        size = 8
        while size < self.reach:
            size *= 2
        self._window, total = tables.late_window(self.reach)
        self._scale = 2.0 / (total * total)
        self._twiddle = np.stack(tables.twiddles(size))
        self._work = np.zeros((2, 2, size), dtype=np.float32)
        self._spans, self._weights = triangles(CENTRES_HZ, size, rate)
        count = len(CENTRES_HZ)
        self._power = np.zeros((2, max(size // 2, count + WIDE * PARTS)), dtype=np.float32)
        part = hop // PARTS
        release = [1.0 - tables.smoothing(seconds, part, rate) for seconds in RELEASE_S]
        self._envelopes = np.array([[0.0] * WIDE, release], dtype=np.float32)
        self._levels = np.zeros(count + WIDE * PARTS, dtype=np.float32)
        self._bands = np.zeros((3, count), dtype=np.float32)
        self._wide = np.zeros((2, WIDE), dtype=np.float32)
        self._memory = np.array([-45.0, 0.0, 0.0], dtype=np.float32)
        seconds = hop / rate
        fall, fade = PEAK_DB_S / OCTAVE_DB * seconds, FADE_DB_S / OCTAVE_DB * seconds
        self._speeds = np.array([fade, fall, seconds / MEAN_S, -45.0], dtype=np.float32)
        self.features: Float32 = np.zeros(FEATURES, dtype=np.float32)

    def look(self, history: Float32, parts: Float64) -> Float32:
        """Describe one hop.

        Args:
            history: float32[2, n], n >= reach, the newest samples of left and right up to the end of the hop.
            parts: float64[4, 4], mean squares in each quarter of the hop: whole sound, low, mid, high band.
        """
        band_levels(
            history,
            history.shape[1] - self.reach,
            parts,
            self._window,
            self._twiddle,
            self._work,
            self._scale,
            self._spans,
            self._weights,
            self._power,
            self._envelopes,
            self._levels,
        )
        count = len(CENTRES_HZ)
        levels, quarters = self._levels[:count], self._levels[count:]
        describe(levels, quarters, self._bands, self._wide, self._memory, self._speeds, self.features)
        return self.features


def wide_bands(rate: int) -> list[list[float]]:
    """Filters of the low, mid and high band whose quarters give the time within the hop."""
    return [
        tables.low_pass(120 * HZ, rate),
        tables.band_pass(900 * HZ, 0.5, rate),
        tables.high_pass(5000 * HZ, rate),
    ]


def features_of(samples: Int32, rate: int) -> Float32:
    """Features of a whole piece, exactly as the live path hears them.

    Args:
        samples: int32[n, 2], 24-bit.
        rate: samples a second.

    Returns:
        float32[n // hop, FEATURES].
    """
    hop = hop_of(rate)
    listener = OnsetFeatures(rate)
    coefficients = np.array([*tables.k_weighting(rate), *wide_bands(rate)])
    memory, parts, levels = np.zeros((5, 2, 2)), np.zeros((4, PARTS)), np.zeros(5)
    history = np.zeros((2, listener.reach), dtype=np.float32)
    count = len(samples) // hop
    out = np.zeros((count, FEATURES), dtype=np.float32)
    for k in range(count):
        chunk = np.ascontiguousarray(samples[k * hop : (k + 1) * hop])
        hear(chunk, coefficients, memory, history, parts, levels)
        out[k] = listener.look(history, parts)
    return out
