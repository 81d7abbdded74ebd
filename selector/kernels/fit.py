"""How well strata suit the moment. Conventions: see the package."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

I64 = NDArray[np.int64]

# Those of `fixedpoint`, written out, for a kernel takes constants from its own file or a neighbour's.
MICRO = 1_000_000
MISSING = -(1 << 62)
LOG2_E = 1.4426950408889634
C1, C2, C3, C4, C5 = (
    0.6931471805599453,
    0.2402265069591007,
    0.05550410866482158,
    0.009618129107628477,
    0.0013333558146428443,
)
C6, C7, C8, C9 = (
    0.00015403530393381608,
    1.5252733804059841e-05,
    1.3215486790144307e-06,
    1.0178086009239699e-07,
)
"""Of the series of 2^-f, `(ln 2)^k / k!`: products alone, where `dsp.kernels.approx.exp2` divides."""


HALVES = np.array([1.0 / (1 << k) for k in range(22)])


@njit("float64(float64)", cache=True, nogil=True)
def narrowness(sigma: float) -> float:
    """What `bell` needs to know of its width, sigma > 0."""
    return LOG2_E / (2.0 * sigma * sigma) / 1e12


@njit("int64(int64, float64)", cache=True, nogil=True)
def bell(distance: int, narrow: float) -> int:
    """`exp(-d^2 / (2 sigma^2))` for a distance in micro-units, by `narrowness(sigma)`; in micro-units."""
    x = float(distance) * float(distance) * narrow
    if x >= 21.0:  # less than half a millionth
        return 0
    whole = int(x)
    f = x - whole
    tail = C4 - f * (C5 - f * (C6 - f * (C7 - f * (C8 - f * C9))))
    value = 1.0 - f * (C1 - f * (C2 - f * (C3 - f * tail)))
    return int(value * HALVES[whole] * 1e6 + 0.5)


@njit("int64(int64, int64, int64)", cache=True, nogil=True, error_model="numpy")
def ramp(value: int, full: int, least: int) -> int:
    """`least` at 0, linear up to 1 at `full`."""
    if value >= full or full <= 0:
        return MICRO
    return least + (MICRO - least) * max(value, 0) // full


@njit(
    "void(int64[::1], int64[:,::1], float64, int64[:,::1], int64[:,::1], int64[::1])", cache=True, nogil=True
)
def fit(dials: I64, suits: I64, sigma: float, strata: I64, factors: I64, level: I64) -> None:
    """How well each stratum suits the moment.

    Args:
        dials: int64[11]: intensity; visible floor and its least factor; headroom below the greatest strength
            from which the factor of the too strong falls, and its least; strength of what is on screen or
            MISSING; reach and least of variety; explore; the style and the band that are wanted. A limit of
            0 is none.
        suits: int64[8, 4]: by the style that is wanted, the factor of each; then the same for bands. The last
            is none.
        sigma: width of the match.
        strata: int64[4, strata]: number of its strength, style, band; place at which it begins.
        factors: int64[6, strengths]: of each the strength, MISSING where unknown: such entries have 1
            throughout; then written: match, visible, too strong, variety, and their product.
        level: int64[strata], written: `(1 - explore)` times the product of all factors.
    """
    intensity, shown, narrow = dials[0], dials[5], narrowness(sigma)
    one, left = np.uint64(MICRO), np.uint64(MICRO - dials[8])
    for k in range(factors.shape[1]):
        strength = factors[0, k]
        match, visible, strong, variety = MICRO, MICRO, MICRO, MICRO
        if strength != MISSING:
            match = bell(strength - intensity, narrow)
            visible = ramp(strength, dials[1], dials[2])
            strong = ramp(MICRO - strength, dials[3], dials[4])
            if shown != MISSING:
                variety = ramp(abs(strength - shown), dials[6], dials[7])
        factors[1, k], factors[2, k], factors[3, k], factors[4, k] = match, visible, strong, variety
        product = np.uint64(match) * np.uint64(visible) // one * np.uint64(strong) // one
        factors[5, k] = int(product * np.uint64(variety) // one)
    styles, bands = suits[dials[9]], suits[4 + dials[10]]
    for s in range(level.shape[0]):
        product = np.uint64(factors[5, strata[0, s]]) * np.uint64(styles[strata[1, s]]) // one
        product = product * np.uint64(bands[strata[2, s]]) // one
        level[s] = int(left * product // one)
