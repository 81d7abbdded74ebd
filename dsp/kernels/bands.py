"""What one power spectrum tells: display bands, the app's sub-bands, flux per group, centroid."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.approx import exp2, log2

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
UInt8 = NDArray[np.uint8]

DB = 3.010299956639812
"""One octave of power, in decibels."""
FLOOR_DB = 60.0
"""Flux looks this far below the loudest band of the last seconds, whatever the absolute level."""


@njit(
    "void(float32[::1], float32[::1], int32[:,::1], int32[:,::1], float64, float64, int32[::1],"
    " float32[:,::1], int64, float64[::1], uint8[::1], float64[::1])",
    cache=True,
    nogil=True,
)
def describe(
    power: Float32,
    level: Float32,
    bands: Int32,
    subs: Int32,
    gain_db: float,
    fade_db: float,
    groups: Int32,
    past: Float32,
    turn: int,
    memory: Float64,
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
        fade_db: how much the memory of the loudest band falls in a hop.
        groups: int32[5], first display band of the low, mid, high flux group, end of it, one past the last
            band below Nyquist.
        past: float32[lag + 1, 64], ring of band levels in dB; the last row is work space.
        turn: the row written `lag` hops ago, overwritten.
        memory: float64[1], level of the loudest band of the last seconds, dB.
        spectrum: uint8[64], written: 0 to 255 for -80 to 0 dB.
        out: float64[12], written: five sub-bands `mean ** 0.85`, three means, all in 0..1; three fluxes in
            dB per band; centroid in 0..1.
    """
    bits = power.view(np.int32)
    for k in range(power.shape[0]):
        if power[k] > np.float32(1e-20):
            shifted = bits[k] - np.int32(0x3F3504F3)
            exponent = np.float32(shifted >> 23)
            scale = np.float32(2.8853900817779268)
            m = np.int32((shifted & np.int32(0x007FFFFF)) + np.int32(0x3F3504F3)).view(np.float32)
            s = (m - np.float32(1.0)) / (m + np.float32(1.0))
            z = s * s
            third, fifth, seventh = np.float32(0.33333334), np.float32(0.2), np.float32(0.14285715)
            level[k] = exponent + scale * s * (np.float32(1.0) + z * (third + z * (fifth + z * seventh)))
        else:
            level[k] = np.float32(-66.438562)
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
    loudest = -200.0
    weight, moment = 1e-12, 0.0
    count = bands.shape[0]
    for band in range(count):
        first, last = bands[band, 0], bands[band, 1]
        top = np.float32(-66.438562)
        strongest = np.float32(0.0)
        for k in range(first, last):
            top = max(top, level[k])
            strongest = max(strongest, power[k])
        db = DB * float(top)
        spectrum[band] = np.uint8(int(min(max((db + 80.0) * (255.0 / 80.0) + 0.5, 0.0), 255.0)))
        loudest = max(loudest, db)
        amplitude = np.sqrt(strongest)
        weight += amplitude
        moment += amplitude * band
        # The newest levels wait in the last row until the ring has been read.
        past[past.shape[0] - 1, band] = db
    memory[0] = max(memory[0] - fade_db, loudest)
    floor = memory[0] - FLOOR_DB
    for group in range(3):
        first, last = groups[group], min(groups[group + 1], groups[4])
        rise = 0.0
        for band in range(first, last):
            old = past[turn, band]
            # A note that slides into the neighbouring band is no onset (Boeck and Widmer, 2013).
            if band > 0:
                old = max(old, past[turn, band - 1])
            if band < count - 1:
                old = max(old, past[turn, band + 1])
            rise += max(0.0, past[past.shape[0] - 1, band] - max(floor, np.float64(old)))
        out[8 + group] = rise / max(1, last - first)
    for band in range(count):
        past[turn, band] = past[past.shape[0] - 1, band]
    out[11] = moment / weight / (count - 1)
