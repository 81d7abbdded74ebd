"""Beat hypotheses: a forward pass over every tempo and every position within the beat.

A bar-pointer state space (Whiteley 2006, Krebs 2015) for one beat: interval `t` frames has `t` positions, a
pointer moves one position a frame, and the interval may change only where the beat falls.
Each frame multiplies every state by how well the frame's onset evidence fits its position.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.approx import exp2

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]


@njit("float64(float64[::1], int64, int64)", cache=True, nogil=True)
def sum4(x: Float64, start: int, stop: int) -> float:
    """Sum of `x[start:stop]` in four interleaved parts: a fixed order that a CPU need not wait for."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = start + (stop - start) // 4 * 4
    for i in range(start, whole, 4):
        a += x[i]
        b += x[i + 1]
        c += x[i + 2]
        d += x[i + 3]
    for i in range(whole, stop):
        a += x[i]
    return (a + b) + (c + d)


@njit(
    "void(float64[::1], float64[::1], int64[::1], int64[::1], uint8[::1], float64[:,:,::1], float64[::1],"
    " float64, float64[:,::1], float64[::1], float64, float64[::1])",
    cache=True,
    nogil=True,
)
def advance(
    states: Float64,
    spare: Float64,
    intervals: Int64,
    begins: Int64,
    classes: UInt8,
    table: Float64,
    evidence: Float64,
    trust: float,
    transition: Float64,
    prior: Float64,
    leak: float,
    mass: Float64,
) -> None:
    """One frame.

    Args:
        states: float64[s], probabilities; updated. Position 0 of an interval is the beat.
        spare: float64[s], work space.
        intervals: int64[m], frames per beat of each tempo, ascending.
        begins: int64[m], index of each tempo's position 0.
        classes: uint8[s], row of `table` for each state.
        table: float64[c, 2, b]: base-2 logarithm of the chance that band b has an onset (0) or none (1).
        evidence: float64[b], how sure it is that this frame has an onset in each band, 0..1.
        trust: factor of the evidence, 0..1.
        transition: float64[m, m], chance to go from interval (row) to interval (column) at a beat.
        prior: float64[m], chance of each interval's every position when nothing is known.
        leak: share of the prior mixed in, so that no hypothesis ever dies.
        mass: float64[m], written: probability of each tempo.
    """
    count = intervals.shape[0]
    score = np.zeros(8)
    for c in range(table.shape[0]):
        total = 0.0
        for b in range(evidence.shape[0]):
            total += evidence[b] * table[c, 0, b] + (1.0 - evidence[b]) * table[c, 1, b]
        score[c] = exp2(trust * total)
    arrivals = np.zeros(count)
    for m in range(count):
        chance = states[begins[m] + intervals[m] - 1]
        for k in range(count):
            arrivals[k] += chance * transition[m, k]
    keep = 1.0 - leak
    total = 0.0
    for m in range(count):
        begin, last = begins[m], begins[m] + intervals[m] - 1
        base = leak * prior[m]
        for i in range(begin, last):
            spare[i + 1] = (keep * states[i] + base) * score[classes[i + 1]]
        spare[begin] = (keep * arrivals[m] + base) * score[classes[begin]]
        mass[m] = sum4(spare, begin, last + 1)
        total += mass[m]
    scale = 1.0 / total
    for m in range(count):
        mass[m] *= scale
    for i in range(states.shape[0]):
        states[i] = spare[i] * scale


@njit(
    "void(float64[::1], float64[::1], int64[::1], int64[::1], float64, float64, float64[::1])",
    cache=True,
    nogil=True,
)
def read(
    states: Float64,
    mass: Float64,
    intervals: Int64,
    begins: Int64,
    tempo_width: float,
    phase_width: float,
    out: Float64,
) -> None:
    """Read the most likely interval and position off the states.

    Args:
        states: float64[s].
        mass: float64[m], sum of the states of each tempo.
        intervals: int64[m].
        begins: int64[m].
        tempo_width: relative width of the neighbourhood that is averaged.
        phase_width: the same in beats.
        out: float64[4], written: interval in frames, phase in 0..1, share of the states in that
            neighbourhood, share of the tempo neighbourhood whatever the phase.
    """
    count = intervals.shape[0]
    best, top = 0, -1.0
    for m in range(count):
        around = mass[m]
        if m > 0:
            around += mass[m - 1]
        if m < count - 1:
            around += mass[m + 1]
        if around > top:
            best, top = m, around
    at, highest = 0, -1.0
    for i in range(intervals[best]):
        value = states[begins[best] + i]
        if value > highest:
            at, highest = i, value
    phase = at / intervals[best]
    near, near_tempo, shift, interval = 0.0, 0.0, 0.0, 0.0
    for m in range(count):
        if abs(intervals[m] - intervals[best]) > tempo_width * intervals[best] + 1.0:
            continue
        near_tempo += mass[m]
        interval += mass[m] * intervals[m]
        inverse = 1.0 / intervals[m]
        for i in range(intervals[m]):
            d = i * inverse - phase
            if d > 0.5:
                d -= 1.0
            elif d < -0.5:
                d += 1.0
            if abs(d) <= phase_width:
                p = states[begins[m] + i]
                near += p
                shift += p * d
    phase += shift / max(near, 1e-300)
    if phase < 0.0:
        phase += 1.0
    elif phase >= 1.0:
        phase -= 1.0
    out[0] = interval / max(near_tempo, 1e-300)
    out[1] = phase
    out[2] = near
    out[3] = near_tempo
