"""Onsets in the time domain: a band's envelope jumps over its own recent past.

A window function would weigh the newest samples least and so hear a hit a hop late; these envelopes weigh
them most. Per band there is a fast envelope (peak hold, released over about one period of the band) and a
slow one that follows it; what counts is the ratio of the two.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.approx import log2

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

DECIBEL = 0.33219280948873625
"""One decibel of power, in octaves."""


@njit(
    "void(float64[:,:,::1], float64[:,::1], int64, float64, float64[:,::1], float64[::1],"
    " int64, float64[:,::1], int64[::1], int64[::1], float64[::1])",
    cache=True,
    nogil=True,
)
def detect(
    blocks: Float64,
    parts: Float64,
    start: int,
    gate: float,
    followers: Float64,
    threshold: Float64,
    gap: int,
    state: Float64,
    last: Int64,
    found: Int64,
    strength: Float64,
) -> None:
    """Look for at most one onset of each band in this hop.

    Args:
        blocks: float64[4, 2, hop], the samples, then the three bands.
        parts: float64[4, p], their mean squares in each p-th part.
        start: sample index of the hop's first sample.
        gate: mean square of the whole sound below which nothing is an onset.
        followers: float64[3, 5], per band and part: release of the envelope, speed of the slow envelope,
            speed of the mean fluctuation, release of the strongest jump, least share of the whole sound.
        threshold: float64[2]: least jump in dB; factor of the mean fluctuation.
        gap: least samples between two onsets of one band.
        state: float64[3, 5], per band: envelope, slow envelope, mean fluctuation, strongest jump, armed.
        last: int64[3], sample of the last onset of each band.
        found: int64[3], written: sample of the onset, or -1.
        strength: float64[3], written: the jump relative to the strongest of the recent past.
    """
    count = parts.shape[1]
    hop = blocks.shape[2]
    floor = 0.02 * gate
    for band in range(3):
        found[band] = -1
        release, slow, mean, fade, share = followers[band]
        envelope, past, fluctuation, strongest, armed = state[band]
        for part in range(count):
            envelope = max(parts[band + 1, part], envelope * release)
            jump = max(0.0, log2((envelope + floor) / (past + floor)))
            limit = threshold[0] * DECIBEL + threshold[1] * fluctuation
            strongest = max(strongest * fade, jump)
            begin = part * hop // count
            if armed > 0.5:
                loud = parts[0, part] > gate and parts[band + 1, part] > share * parts[0, part]
                if loud and jump > limit and start + begin - last[band] >= gap:
                    # Back-date to the first sample that reaches half the part's highest magnitude.
                    end = (part + 1) * hop // count
                    peak = 0.0
                    for i in range(begin, end):
                        peak = max(peak, abs(blocks[band + 1, 0, i]), abs(blocks[band + 1, 1, i]))
                    at = begin
                    while max(abs(blocks[band + 1, 0, at]), abs(blocks[band + 1, 1, at])) < 0.5 * peak:
                        at += 1
                    found[band] = start + at
                    strength[band] = jump / strongest
                    last[band] = start + at
                    armed = 0.0
            elif jump < 0.5 * limit:
                armed = 1.0
            fluctuation += mean * (min(jump, 4.0) - fluctuation)
            past += slow * (envelope - past)
        if envelope < 1e-24:
            envelope = 0.0
        if past < 1e-24:
            past = 0.0
        state[band, 0] = envelope
        state[band, 1] = past
        state[band, 2] = fluctuation
        state[band, 3] = strongest
        state[band, 4] = armed
