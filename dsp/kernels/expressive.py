"""The app's followers behind energy, flux and accent, one hop at a time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.approx import exp2, log2

Float64 = NDArray[np.float64]

LOG2_E = 1.4426950408889634
FLUX_GATE = 0.28
SLOW, FLUX, ACCENT = 0, 1, 2
"""The followers, in the order of their speeds and of their state."""


@njit("float64(float64)", cache=True, nogil=True, error_model="numpy")
def beat_pulse(phase01: float) -> float:
    """A bell around the beat: `exp(-(min(p, 1-p) / 0.11)^2)`."""
    distance = min(phase01, 1.0 - phase01) / 0.11
    return exp2(-LOG2_E * distance * distance)


@njit("float64(float64[::1], int64, float64, float64[:,::1])", cache=True, nogil=True, error_model="numpy")
def follow(state: Float64, which: int, target: float, speeds: Float64) -> float:
    """One step of a follower with different speeds upwards and downwards; gives its new value."""
    value: float = state[which]
    value += speeds[which, 0 if target > value else 1] * (target - value)
    state[which] = value
    return value


@njit(
    "UniTuple(float64, 6)(boolean, boolean, float64, float64, float64, float64, float64, float64, float64,"
    " int64, float64[:,::1], float64[::1], float64[:,::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def drive(
    valid: bool,
    trusted: bool,
    energy_raw01: float,
    kick: float,
    bass: float,
    synth: float,
    clap: float,
    hihat: float,
    phase01: float,
    turn: int,
    speeds: Float64,
    state: Float64,
    past: Float64,
) -> tuple[float, float, float, float, float, float]:
    """Take one hop in.

    Args:
        valid: the audio can be believed.
        trusted: so can the beat.
        energy_raw01: level after the gain.
        kick: sub-band, 0..1.
        bass: the same.
        synth: the same.
        clap: the same.
        hihat: the same.
        phase01: position within the beat.
        turn: hops taken in before.
        speeds: float64[3, 2], share of the way that each follower goes up and down in a hop.
        state: float64[3], the followers; updated.
        past: float64[n, 5], the five sub-bands of the last n hops; updated.

    Returns:
        `energy01`, `energy_slow01`, `flux01`, `beat_pulse01`, `accent01`, `gate_boost`.
    """
    old = past[turn % past.shape[0]]
    rise = max(0.0, kick - old[0]) + max(0.0, bass - old[1]) + max(0.0, synth - old[2])
    rise = min(1.0, 0.9 * (rise + max(0.0, clap - old[3]) + max(0.0, hihat - old[4])))
    old[0], old[1], old[2], old[3], old[4] = kick, bass, synth, clap, hihat
    flux = follow(state, FLUX, rise if valid else 0.0, speeds)
    gated = min(max((flux - FLUX_GATE) / (1.0 - FLUX_GATE), 0.0), 1.0)
    pulse = beat_pulse(phase01) if valid and trusted else 0.0
    raw = 0.62 * kick + 0.22 * hihat + 0.20 * clap + 0.20 * gated + 0.18 * pulse
    accent = follow(state, ACCENT, min(max(raw, 0.0), 1.0) if valid else 0.0, speeds)
    base = 0.35
    soft = (energy_raw01 - 0.03) / 0.97
    if valid and soft > 0.0:
        base = min(0.35 + 0.53 * exp2(0.72 * log2(soft)), 0.88)
    slow = follow(state, SLOW, base, speeds)
    energy = min(max(base + 0.08 * accent, 0.35), 0.88)
    return energy, slow, flux, pulse, accent, min(1.6, 1.0 + 0.25 * accent + 0.15 * gated)
