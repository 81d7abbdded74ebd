"""Micro-units and the few functions of a real number that deciding needs.

Everything that enters a decision is an integer count of millionths (`MICRO`). In between only
`+ - * /` on float64 are used, elementwise, which IEEE 754 defines to the last bit; exponentials and
logarithms are our own polynomials, because the ones of libm and numpy differ between machines.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

MICRO = 1_000_000
MISSING = -(1 << 62)
"""Stands for "not known" in integer columns."""

I64: TypeAlias = npt.NDArray[np.int64]
F64: TypeAlias = npt.NDArray[np.float64]

_LN2 = 0.6931471805599453
LOG2_E = 1.4426950408889634
_MAX_HALVINGS = 60
_HALVES: F64 = np.array([1.0 / (1 << k) for k in range(_MAX_HALVINGS + 1)], dtype=np.float64)
# Taylor coefficients of 2**-f on [0, 1): (-ln2)**k / k!; fourteen terms leave less than 1e-12.
_EXP2_COEFFICIENTS: list[float] = [1.0]
for _k in range(1, 14):
    _EXP2_COEFFICIENTS.append(_EXP2_COEFFICIENTS[-1] * -_LN2 / _k)


def to_micro(value: float) -> int:
    """Nearest count of millionths, halves up. Raises ValueError when `value` is not finite."""
    if not math.isfinite(value):
        raise ValueError(f"{value} has no place in a decision; only finite numbers do.")
    return int((value * MICRO + 0.5) // 1.0)


def from_micro(value: int) -> float:
    """The real number nearest to `value` millionths."""
    return value / MICRO


def clamp01(value: float) -> float:
    """`value` limited to [0, 1]."""
    return 0.0 if value < 0.0 else min(value, 1.0)


def exp2_neg(x: F64) -> F64:
    """2**-x for x >= 0, float64, relative error below 1e-12; 2**-60 and less come out as 0."""
    limited = np.minimum(x, float(_MAX_HALVINGS))
    whole = limited.astype(np.int64)
    fraction = limited - whole
    total = np.full(limited.shape, _EXP2_COEFFICIENTS[-1])
    for coefficient in reversed(_EXP2_COEFFICIENTS[:-1]):
        total = total * fraction + coefficient
    result: F64 = np.where(limited >= _MAX_HALVINGS, 0.0, total * _HALVES[whole])
    return result


def log2(x: F64) -> F64:
    """Base-2 logarithm for x > 0, float64, absolute error below 1e-12.

    `frexp` only takes the number apart; the rest is the series of artanh, with the mantissa in
    [sqrt(1/2), sqrt(2)) so that sixteen terms suffice.
    """
    mantissa, exponent = np.frexp(x)
    low = mantissa < 0.7071067811865476
    mantissa = np.where(low, mantissa * 2.0, mantissa)
    power = np.where(low, exponent - 1, exponent)
    z = (mantissa - 1.0) / (mantissa + 1.0)
    square = z * z
    total = np.full(z.shape, 1.0 / 31.0)
    for odd in range(29, 0, -2):
        total = total * square + 1.0 / odd
    result: F64 = power + total * z * (2.0 * LOG2_E)
    return result


def power_micro(base: F64, exponent: float) -> I64:
    """base**exponent in micro-units for base in (0, 1 + 1e-6], exponent >= 0."""
    lg = log2(base) * exponent
    # The app's base may exceed one by a millionth; a linear term is exact enough there.
    below = exp2_neg(np.where(lg < 0.0, -lg, 0.0))
    return round_micro(np.where(lg > 0.0, 1.0 + lg * _LN2, below))


def round_micro(x: F64) -> I64:
    """Real column to micro-units, halves up."""
    return np.floor(x * float(MICRO) + 0.5).astype(np.int64)


def ranks_micro(values: I64) -> I64:
    """Where each value stands among its peers: 0 the least, MICRO the greatest, in micro-units.

    Exact: the comparison is of integers. Ties share the middle of the ranks they cover; a single
    value, or all equal, gives one half. `MISSING` stays MISSING and counts for nobody's rank.
    """
    result = np.full(values.shape, MISSING, dtype=np.int64)
    known = np.flatnonzero(values != MISSING)
    if known.size == 0:
        return result
    peers = values[known]
    ordered = np.sort(peers, kind="stable")
    first = np.searchsorted(ordered, peers, side="left").astype(np.int64)
    last = np.searchsorted(ordered, peers, side="right").astype(np.int64) - 1
    span = max(known.size - 1, 1)
    if known.size == 1:
        result[known] = MICRO // 2
    else:
        result[known] = ((first + last) * MICRO + span) // (2 * span)
    return result
