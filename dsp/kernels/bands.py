"""What one power spectrum tells: display bands, the app's sub-bands, centroid."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.approx import exp2, log2
from dsp.kernels.frames import octaves

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
UInt8 = NDArray[np.uint8]

DB = 3.010299956639812
"""One octave of power, in decibels."""


@njit(
    "void(float32[::1], float32[::1], int32[:,::1], int32[:,::1], float64, uint8[::1], float64[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def describe(
    power: Float32,
    level: Float32,
    bands: Int32,
    subs: Int32,
    gain_db: float,
    spectrum: UInt8,
    out: Float64,
) -> None:
    """Read a power spectrum.

    Args:
        power: float32[n/2], 1.0 is a full-scale sine in both channels.
        level: float32[n/2], written: `power` in octaves (base-2 logarithm).
        bands: int32[64, 2], bins of the display bands.
        subs: int32[8, 2], bins of kick, bass, synth, clap, hihat, low, mid, high.
        gain_db: gain of the sub-bands.
        spectrum: uint8[64], written: 0 to 255 for -80 to 0 dB.
        out: float64[9], written: five sub-bands `mean ** 0.85`, three means, centroid, all in 0..1.
    """
    octaves(power, level)
    for row in range(subs.shape[0]):
        first, last = subs[row, 0], subs[row, 1]
        total = 0.0
        for k in range(first, last):
            # AnalyserNode reads a full-scale sine as -13.6 dB (Blackman window, half of the line) and
            # shows -95..-20 dB as 0..1.
            total += min(max((DB * level[k] + gain_db + 81.4) / 75.0, 0.0), 1.0)
        mean = total / max(1, last - first)
        # The app's curve for its five sub-bands.
        out[row] = exp2(0.85 * log2(mean)) if row < 5 and mean > 0.0 else mean
    weight, moment = 1e-12, 0.0
    count = bands.shape[0]
    for band in range(count):
        first, last = bands[band, 0], bands[band, 1]
        top = level[first]
        strongest = np.float32(0.0)
        for k in range(first, last):
            top = max(top, level[k])
            strongest = max(strongest, power[k])
        db = DB * float(top)
        spectrum[band] = np.uint8(int(min(max((db + 80.0) * (255.0 / 80.0) + 0.5, 0.0), 255.0)))
        amplitude = np.sqrt(strongest)
        weight += amplitude
        moment += amplitude * band
    out[8] = moment / weight / (count - 1)
