"""Forward inference over tempo, position in the bar and metre: a bar-pointer model kept in rings.

Krebs, Boeck and Widmer, "An efficient state-space model for joint tempo and meter tracking" (ISMIR 2015),
describes the model. Here every tempo has one ring of positions per metre; time does not move the numbers
but the start of the ring, and likelihoods are taken relative to "no beat here", so that a frame only touches
the positions next to a beat and keeps the sums up to date by what it changed. That makes the whole space
cheaper than a beam through a part of it.

Conventions: positions in half frames (5 ms); ring r holds position p of its bar at `(head[r] + p) % length`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.approx import exp2, log2

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]


@njit(
    "float64(float32[::1], int32[:,::1], int32[::1], int32[:,::1], float32[:,::1], float32[::1],"
    " float64[::1], float32, float32, float32[:,::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def advance(
    mass: Float32,
    rings: Int32,
    head: Int32,
    near: Int32,
    moves: Float32,
    gain: Float32,
    sums: Float64,
    restart: float,
    stray: float,
    enter: Float32,
) -> float:
    """Move every hypothesis on by one frame; those that reach a beat may change their tempo there.

    Args:
        mass: float32[states], probabilities up to a common factor.
        rings: int32[rings, 4]: start in `mass`, interval (half frames a beat), beats in the bar, index of the
            tempo. Rings of one metre follow one another in order of tempo.
        head: int32[rings], where position 0 lies; moved.
        near: int32[tempi, 2], first and last-plus-one tempo from which each tempo may be reached.
        moves: float32[tempi, width], probability of getting to a tempo from each of those.
        gain: float32[tempi], likelihood of each tempo by other evidence, applied once a beat.
        sums: float64[rings], sum of each ring; updated.
        restart: probability that something new begins, with a beat of any tempo, in this frame.
        stray: probability that the place in the bar is lost at a beat.
        enter: float32[tempi, 4], work space.

    Returns:
        The sum of all.
    """
    count = near.shape[0]
    groups = rings.shape[0] // count
    slots = 0
    total = 0.0
    for g in range(groups):
        slots += rings[g * count, 2]
    for r in range(rings.shape[0]):
        length = rings[r, 1] * rings[r, 2]
        at = head[r] - 2
        head[r] = at + length if at < 0 else at
        total += sums[r]
    fresh = np.float32(restart * total / (2.0 * slots * count))
    keep = np.float32(1.0) - stray
    for g in range(groups):
        beats = rings[g * count, 2]
        for half in range(2):
            for i in range(count):
                r = g * count + i
                start, interval = rings[r, 0], rings[r, 1]
                length = interval * beats
                at = head[r] + half
                whole = np.float32(0.0)
                for slot in range(beats):
                    at = at - length if at >= length else at
                    value = mass[start + at]
                    enter[i, slot] = value
                    whole += value
                    at += interval
                sums[r] -= whole
                share = stray * whole / np.float32(beats)
                for slot in range(beats):
                    enter[i, slot] = gain[i] * (keep * enter[i, slot] + share)
                for slot in range(beats, 4):
                    enter[i, slot] = np.float32(0.0)
            for i in range(count):
                r = g * count + i
                start, interval = rings[r, 0], rings[r, 1]
                length = interval * beats
                first = near[i, 0]
                a, b, c, d = fresh, fresh, fresh, fresh
                for j in range(first, near[i, 1]):
                    move = moves[i, j - first]
                    a += move * enter[j, 0]
                    b += move * enter[j, 1]
                    c += move * enter[j, 2]
                    d += move * enter[j, 3]
                at = head[r] + half
                at = at - length if at >= length else at
                mass[start + at] = a
                at = at + interval - length if at + interval >= length else at + interval
                mass[start + at] = b
                at = at + interval - length if at + interval >= length else at + interval
                mass[start + at] = c
                sums[r] += float(a) + float(b) + float(c)
                if beats == 4:
                    at = at + interval - length if at + interval >= length else at + interval
                    mass[start + at] = d
                    sums[r] += float(d)
    return total


@njit(
    "void(float32[::1], int32[:,::1], int32[::1], float64[::1], float64[::1], float64, float64,"
    " float32[:,::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def observe(
    mass: Float32,
    rings: Int32,
    head: Int32,
    sums: Float64,
    trust: Float64,
    beat: float,
    downbeat: float,
    ratio: Float32,
) -> None:
    """Weigh the positions around each beat by how likely they make what was heard.

    Args:
        mass: float32[states].
        rings: int32[rings, 4].
        head: int32[rings].
        sums: float64[rings], sum of each ring; updated.
        trust: float64[3]: exponent of the beat evidence, of the downbeat evidence, usual share of beats.
        beat: probability of a beat in this frame.
        downbeat: probability that there is a beat which begins a bar.
        ratio: float32[2, 2 w + 1], work space: likelihood relative to "no beat here" at each distance of
            -w..w half frames from a downbeat (row 0) and from another beat (row 1).
    """
    beat = min(max(beat, 0.003), 0.97)
    octaves = trust[0] * (log2(beat / (1.0 - beat)) + log2((1.0 - trust[2]) / trust[2]))
    first = min(max(downbeat / beat, 0.02), 0.98)
    # Only where there is a beat can one tell whether it is the first.
    sure = trust[1] * beat
    is_first = sure * log2(first / 0.25)
    is_other = sure * log2((1.0 - first) / 0.75)
    width = ratio.shape[1] // 2
    for d in range(2 * width + 1):
        # The targets of the network rise and fall over one and a half frames.
        nearness = 1.0 - abs(d - width) / 3.0
        ratio[0, d] = exp2(nearness * (octaves + is_first))
        ratio[1, d] = exp2(nearness * (octaves + is_other))
    for r in range(rings.shape[0]):
        start, interval, beats = rings[r, 0], rings[r, 1], rings[r, 2]
        length = interval * beats
        change = 0.0
        for slot in range(beats):
            row = 0 if slot == 0 else 1
            at = head[r] + slot * interval - width
            at = at + length if at < 0 else at
            for d in range(2 * width + 1):
                at = at - length if at >= length else at
                old = mass[start + at]
                new = old * ratio[row, d]
                mass[start + at] = new
                change += float(new) - float(old)
                at += 1
        sums[r] += change


@njit("void(float32[::1], int32[::1], float64, float32[::1])", cache=True, nogil=True, error_model="numpy")
def favour(tempo: Float32, bins: Int32, exponent: float, gain: Float32) -> None:
    """Likelihood of each tempo from the network's opinion.

    Args:
        tempo: float32[b], probabilities, sum 1.
        bins: int32[tempi], which of them each tempo is.
        exponent: how far the opinion is believed.
        gain: float32[tempi], written.
    """
    count = tempo.shape[0]
    for i in range(bins.shape[0]):
        # A bin that the network excludes may still be right.
        gain[i] = exp2(exponent * log2(count * float(tempo[bins[i]]) + 0.05))


@njit("void(float32[::1], int32[:,::1], float64[::1], float64)", cache=True, nogil=True, error_model="numpy")
def settle(mass: Float32, rings: Int32, sums: Float64, factor: float) -> None:
    """Multiply all by `factor` and take the sums afresh.

    Args:
        mass: float32[states].
        rings: int32[rings, 4].
        sums: float64[rings], written.
        factor: of all masses.
    """
    for r in range(rings.shape[0]):
        start, length = rings[r, 0], rings[r, 1] * rings[r, 2]
        total = 0.0
        for i in range(start, start + length):
            mass[i] *= np.float32(factor)
            total += float(mass[i])
        sums[r] = total


@njit("int64(float64[::1], int64)", cache=True, nogil=True, error_model="numpy")
def likeliest_tempo(sums: Float64, count: int) -> int:
    """Which tempo has, together with its two neighbours and over all metres, the largest share.

    Args:
        sums: float64[metres * count], sum of each ring, metre by metre.
        count: number of tempi.
    """
    best, most = 0, -1.0
    for i in range(count):
        near = 0.0
        for j in range(max(i - 1, 0), min(i + 2, count)):
            for ring in range(j, sums.shape[0], count):
                near += sums[ring]
        if near > most:
            best, most = i, near
    return best


@njit("int64(float32[::1])", cache=True, nogil=True, error_model="numpy")
def likeliest_phase(phases: Float32) -> int:
    """Which part of the beat, a circle, has the largest share together with its two neighbours."""
    bins = phases.shape[0]
    best, most = 0, np.float32(-1.0)
    for i in range(bins):
        near = phases[i - 1 if i > 0 else bins - 1] + phases[i] + phases[i + 1 if i < bins - 1 else 0]
        if near > most:
            best, most = i, near
    return best


@njit(
    "void(float32[::1], int32[:,::1], int32[::1], int64, int64, float32[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def fold(mass: Float32, rings: Int32, head: Int32, first: int, last: int, phases: Float32) -> None:
    """Where within the beat the tempi `first` to `last` - 1 are, whatever the beat of the bar.

    Args:
        mass: float32[states].
        rings: int32[rings, 4].
        head: int32[rings].
        first: lowest tempo counted.
        last: highest, plus one.
        phases: float32[bins], written: mass in each part of the beat.
    """
    bins = phases.shape[0]
    phases[:] = np.float32(0.0)
    for r in range(rings.shape[0]):
        if first <= rings[r, 3] < last:
            start, interval, beats = rings[r, 0], rings[r, 1], rings[r, 2]
            length = interval * beats
            at = head[r]
            for _ in range(beats):
                bin_, rest = 0, 0
                for _ in range(interval):
                    phases[bin_] += mass[start + at]
                    at += 1
                    at = 0 if at == length else at
                    rest += bins
                    if rest >= interval:
                        rest -= interval
                        bin_ += 1


@njit(
    "void(float32[::1], int32[:,::1], int32[::1], int64, int64, float64, float64, float64[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def gather(
    mass: Float32,
    rings: Int32,
    head: Int32,
    first: int,
    last: int,
    centre: float,
    reach: float,
    out: Float64,
) -> None:
    """The hypotheses of tempo `first` to `last` - 1 whose phase is near `centre`.

    Args:
        mass: float32[states].
        rings: int32[rings, 4].
        head: int32[rings].
        first: lowest tempo counted.
        last: highest, plus one.
        centre: phase, in beats, 0..1.
        reach: how far from it still counts, in beats.
        out: float64[3 + 3 + 4], written: their mass; mean distance from `centre` in beats; mean interval in
            half frames; mass at each beat of a bar of three, then of four.
    """
    out[:] = 0.0
    for r in range(rings.shape[0]):
        if first <= rings[r, 3] < last:
            start, interval, beats = rings[r, 0], rings[r, 1], rings[r, 2]
            length = interval * beats
            low = int((centre - reach) * interval + interval) - interval
            high = int((centre + reach) * interval + interval) - interval + 1
            for slot in range(beats):
                for p in range(low, high):
                    bar = slot * interval + p
                    bar = bar + length if bar < 0 else bar
                    bar = bar - length if bar >= length else bar
                    at = head[r] + bar
                    at = at - length if at >= length else at
                    value = float(mass[start + at])
                    out[0] += value
                    out[1] += value * (p / interval - centre)
                    out[2] += value * interval
                    out[(3 if beats == 3 else 6) + slot] += value
    if out[0] > 0.0:
        out[1] /= out[0]
        out[2] /= out[0]
