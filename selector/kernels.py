"""Weighing and drawing, compiled: what a pick costs must not grow with the library.

A table is sorted by stratum (entries of equal strength) and, within one, by what the entry is worth. The
sound moves the level of whole strata; entries themselves keep their worth, whose running sums are known. So a
total takes one step a stratum, and a draw two binary searches. A few entries that a rule singles out are
taken account of one by one.

Conventions: micro-units; the entry at place p of the sorted table weighs
`level[stratum] * taste + explore * standing`, in millionths of millionths, before the rules;
`taste_to[p]` and `standing_to[p]` are the sums over all places before p.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

I64 = NDArray[np.int64]

# Those of `fixedpoint`, written out: numba's cache notices a change of this file alone.
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


@njit("int64(int64, float64)", cache=True, nogil=True)
def bell(distance: int, sigma: float) -> int:
    """`exp(-d^2 / (2 sigma^2))` for a distance in micro-units, sigma > 0; in micro-units."""
    d = distance / 1e6
    x = d * d * (LOG2_E / (2.0 * sigma * sigma))
    if x >= 40.0:
        return 0
    whole = int(x)
    f = x - whole
    tail = C4 - f * (C5 - f * (C6 - f * (C7 - f * (C8 - f * C9))))
    value = 1.0 - f * (C1 - f * (C2 - f * (C3 - f * tail)))
    return int(value / float(1 << whole) * 1e6 + 0.5)


@njit("int64(int64, int64, int64)", cache=True, nogil=True, error_model="numpy")
def ramp(value: int, full: int, least: int) -> int:
    """`least` at 0, linear up to 1 at `full`."""
    if full <= 0:
        return MICRO
    return least + (MICRO - least) * min(max(value, 0), full) // full


@njit("void(int64[::1], int64[::1], float64, int64[:,::1], int64[::1])", cache=True, nogil=True)
def fit(strengths: I64, dials: I64, sigma: float, factors: I64, level: I64) -> None:
    """How well each stratum suits the moment.

    Args:
        strengths: int64[strata], MISSING where unknown: such entries have 1 throughout.
        dials: int64[9]: intensity; visible floor and its least factor; headroom below the greatest strength
            from which the factor of the too strong falls, and its least; strength of what is on screen or
            MISSING; reach and least of variety; explore. A limit of 0 is none.
        sigma: width of the match.
        factors: int64[4, strata], written: match, visible, too strong, variety.
        level: int64[strata], written: `(1 - explore)` times their product.
    """
    intensity, shown = dials[0], dials[5]
    for s in range(strengths.shape[0]):
        strength = strengths[s]
        match, visible, strong, variety = MICRO, MICRO, MICRO, MICRO
        if strength != MISSING:
            match = bell(strength - intensity, sigma)
            visible = ramp(strength, dials[1], dials[2])
            strong = ramp(MICRO - strength, dials[3], dials[4])
            if shown != MISSING:
                variety = ramp(abs(strength - shown), dials[6], dials[7])
        factors[0, s], factors[1, s], factors[2, s], factors[3, s] = match, visible, strong, variety
        product = match * visible // MICRO * strong // MICRO * variety // MICRO
        level[s] = (MICRO - dials[8]) * product // MICRO


@njit("int64(int64, int64, int64[::1], int64[::1], int64)", cache=True, nogil=True)
def plain(level: int, explore: int, taste_to: I64, standing_to: I64, place: int) -> int:
    """Weight of the entry at `place`, in a stratum of this level, before the rules."""
    taste = taste_to[place + 1] - taste_to[place]
    return int(level * taste + explore * (standing_to[place + 1] - standing_to[place]))


@njit("int64(int64, int64)", cache=True, nogil=True)
def ruled(weight: int, rule: int) -> int:
    """`weight * rule / MICRO`, rounded down, without leaving 64 bits."""
    return weight // MICRO * rule + weight % MICRO * rule // MICRO


@njit("void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])", cache=True, nogil=True)
def sort_rules(place_of: I64, indices: I64, shares: I64, places: I64, rules: I64) -> None:
    """Bring entries that rules single out into the order of their places (Shell 1959).

    Args:
        place_of: int64[n], place of each entry.
        indices: int64[k], no two alike.
        shares: int64[k], the product of their rules.
        places: int64[k], written, ascending.
        rules: int64[k], written.
    """
    count = indices.shape[0]
    for j in range(count):
        places[j], rules[j] = place_of[indices[j]], shares[j]
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for j in range(gap, count):
            place, rule, at = places[j], rules[j], j
            while at >= gap and places[at - gap] > place:
                places[at], rules[at] = places[at - gap], rules[at - gap]
                at -= gap
            places[at], rules[at] = place, rule
        gap //= 3


@njit(
    "int64(int64[::1], int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " int64[::1])",
    cache=True,
    nogil=True,
)
def weigh(
    level: I64,
    explore: int,
    first: I64,
    taste_to: I64,
    standing_to: I64,
    places: I64,
    rules: I64,
    off_to: I64,
    upto: I64,
) -> int:
    """Sum the weights of all.

    Args:
        level: int64[strata].
        explore: micro-units.
        first: int64[strata + 1], place at which each stratum begins.
        taste_to: int64[n + 1].
        standing_to: int64[n + 1].
        places: int64[k], ascending: entries that rules single out.
        rules: int64[k], the product of their rules.
        off_to: int64[k + 1], written: what the rules took off the weights of the entries before each.
        upto: int64[strata + 1], written: weight of all strata before each.

    Returns:
        The total.
    """
    j = 0
    off_to[0] = 0
    upto[0] = 0
    for s in range(level.shape[0]):
        low, high = first[s], first[s + 1]
        total = level[s] * (taste_to[high] - taste_to[low]) + explore * (standing_to[high] - standing_to[low])
        while j < places.shape[0] and places[j] < high:
            own = plain(level[s], explore, taste_to, standing_to, places[j])
            off = own - ruled(own, rules[j])
            off_to[j + 1] = off_to[j] + off
            total -= off
            j += 1
        upto[s + 1] = upto[s] + total
    return int(upto[level.shape[0]])


@njit("int64(int64[::1], int64)", cache=True, nogil=True)
def last_not_above(values: I64, limit: int) -> int:
    """Greatest index whose value is not above `limit`, of ascending values that begin with one such."""
    low, high = 0, values.shape[0]
    while high - low > 1:
        middle = (low + high) // 2
        if values[middle] <= limit:
            low = middle
        else:
            high = middle
    return int(low)


@njit(
    "int64(int64, int64[::1], int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])",
    cache=True,
    nogil=True,
)
def locate(
    draw: int,
    level: I64,
    explore: int,
    first: I64,
    taste_to: I64,
    standing_to: I64,
    places: I64,
    off_to: I64,
    upto: I64,
) -> int:
    """Place of the entry whose interval of cumulative weight holds `draw`; arguments as in `weigh`."""
    s = last_not_above(upto, draw)
    low, high = first[s], first[s + 1]
    begin = low
    skipped = np.searchsorted(places, begin)
    rest = draw - upto[s]
    while high - low > 1:
        middle = (low + high) // 2
        before = level[s] * (taste_to[middle] - taste_to[begin])
        before += explore * (standing_to[middle] - standing_to[begin])
        before -= off_to[np.searchsorted(places, middle)] - off_to[skipped]
        if before <= rest:
            low = middle
        else:
            high = middle
    return int(low)


@njit("int64(int64[::1], int64[::1], int64, int64, int64)", cache=True, nogil=True)
def _enter(found: I64, weights: I64, count: int, place: int, weight: int) -> int:
    """Put an entry into its place in the list, if it is heavy enough."""
    if weight == 0:
        return count
    at = count
    while at > 0 and weights[at - 1] < weight:
        at -= 1
    if at == found.shape[0]:
        return count
    last = min(count, found.shape[0] - 1)
    for k in range(last, at, -1):
        found[k], weights[k] = found[k - 1], weights[k - 1]
    found[at], weights[at] = place, weight
    return int(min(count + 1, found.shape[0]))


@njit(
    "int64(int64[::1], int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64,"
    " int64[::1], int64[::1])",
    cache=True,
    nogil=True,
)
def heaviest(
    level: I64,
    explore: int,
    first: I64,
    taste_to: I64,
    standing_to: I64,
    most: I64,
    places: I64,
    rules: I64,
    without: int,
    found: I64,
    weights: I64,
) -> int:
    """The entries of the greatest weight, heaviest first; equals in the order in which they are found.

    Args:
        level: int64[strata].
        explore: micro-units.
        first: int64[strata + 1].
        taste_to: int64[n + 1].
        standing_to: int64[n + 1].
        most: int64[strata], greatest standing in each stratum, within which taste falls from place to place:
            together they bound what is still to come, so most entries are never looked at.
        places: int64[k], ascending, as in `weigh`.
        rules: int64[k].
        without: place of an entry that is left out.
        found: int64[m], written: their places.
        weights: int64[m], written: their weights.

    Returns:
        How many there are, at most m.
    """
    count = 0
    for j in range(places.shape[0]):
        p = places[j]
        s = last_not_above(first, p)
        if p != without:
            own = plain(level[s], explore, taste_to, standing_to, p)
            count = _enter(found, weights, count, p, ruled(own, rules[j]))
    for s in range(level.shape[0]):
        j = np.searchsorted(places, first[s])
        for p in range(first[s], first[s + 1]):
            taste = taste_to[p + 1] - taste_to[p]
            if count == found.shape[0] and level[s] * taste + explore * most[s] <= weights[count - 1]:
                break
            if j < places.shape[0] and places[j] == p:
                j += 1
            elif p != without:
                own = plain(level[s], explore, taste_to, standing_to, p)
                count = _enter(found, weights, count, p, own)
    return count
