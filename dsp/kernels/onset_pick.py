"""From probabilities to onsets: the first hop over the threshold, one hit at a time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.approx import log2

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

JOIN_HOPS = 3
"""A class recognised so many hops after a hit still belongs to it, and gets its time."""
WAIT_HOPS = 1
"""A hit of which no class is sure is announced so many hops later, as the likeliest."""
REARM = np.float32(0.5)
"""Share of the threshold below which a head must fall before it may open another hit."""
FAINTEST = -45.0
"""Octaves of power, -135 dB."""
SPAN_OCTAVES = 8.0
"""A hit so far below the strongest of its class of late (24 dB) has strength 0."""


@njit(
    "int64(float32[::1], float32[::1], float64[:,::1], float64, int64, int64[::1], int64[::1], float64[::1],"
    " float64, int64[::1], float64[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def pick(
    heads: Float32,
    thresholds: Float32,
    parts: Float64,
    gate: float,
    end: int,
    lengths: Int64,
    last: Int64,
    strongest: Float64,
    fade: float,
    found: Int64,
    strength: Float64,
) -> int:
    """Decide on one hop.

    Args:
        heads: float32[6]: probabilities of any onset, kick, clap, hihat, other; age of the onset in hops.
        thresholds: float32[5], of the probabilities.
        parts: float64[4, p], mean squares in each p-th part of the hop: of the whole sound, by which `other`
            is measured, then of the low, mid and high band, by which kick, clap and hihat are.
        gate: mean square of the whole sound below which nothing is an onset.
        end: index of the sample after the hop.
        lengths: int64[3], samples: a hop, least gap between hits, least gap between hits of one class.
        last: int64[12]: sample of the last onset of each class, then of the last hit; the hop's end when
            that was opened; whether each head is armed; hops left until it must be announced, or -1. Updated.
        strongest: float64[4], loudness of the strongest hit of each class of late; updated.
        fade: how much `strongest` falls a hop, octaves.
        found: int64[4], written: sample of the onset of each class, or -1.
        strength: float64[4], written where there is an onset: 0..1 beside the strongest of late.

    Returns:
        how many onsets there are.
    """
    hop, gap, class_gap = lengths[0], lengths[1], lengths[2]
    loudest = 0.0
    for part in range(parts.shape[1]):
        loudest = max(loudest, parts[0, part])
    audible = loudest > gate
    opens = False
    for head in range(5):
        if heads[head] < REARM * thresholds[head]:
            last[6 + head] = 1
        elif heads[head] >= thresholds[head] and last[6 + head] == 1 and audible:
            opens = True
    for kind in range(4):
        found[kind] = -1
        strongest[kind] = max(strongest[kind] - fade, FAINTEST)
    age = min(max(float(heads[5]), 0.0), 4.0)
    at = max(end - np.int64(age * hop + 0.5), np.int64(0))
    joins = end - last[5] <= JOIN_HOPS * hop
    if opens and not joins and at - last[4] >= gap:
        last[4], last[5] = at, end
        joins = True
    if not (joins and audible):
        return 0
    if last[5] == end:
        last[11] = WAIT_HOPS
        for head in range(5):
            if heads[head] >= REARM * thresholds[head]:
                last[6 + head] = 0
    elif last[11] >= 0:
        last[11] -= 1
    likeliest, best = 0, np.float32(-1.0)
    for kind in range(4):
        ratio = heads[1 + kind] / thresholds[1 + kind]
        if ratio > best:
            likeliest, best = kind, ratio
    must = last[11] == 0
    count = 0
    for kind in range(4):
        sure = heads[1 + kind] >= thresholds[1 + kind]
        if (sure or (must and kind == likeliest)) and last[4] - last[kind] >= class_gap:
            found[kind] = last[kind] = last[4]
            power = 0.0
            for part in range(parts.shape[1]):
                power = max(power, parts[(kind + 1) % 4, part])
            loudness = max(log2(power), FAINTEST)
            strongest[kind] = max(strongest[kind], loudness)
            strength[kind] = max(0.0, 1.0 - (strongest[kind] - loudness) / SPAN_OCTAVES)
            count += 1
    if count > 0:
        last[11] = -1
    return count
