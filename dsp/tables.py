"""Tables made with integer arithmetic, so that they are the same bits on every machine.

`sin`, `exp` and powers of the C library and of numpy differ between CPU generations.
Here every value is computed as a fixed-point integer with `FRACTION` fractional bits and then divided once:
Python's integer division to float is correctly rounded by the language.

Conventions: angles are rational numbers of turns; frequencies are integers in Hz * 65536 (`HZ`);
filters are `[b0, b1, b2, a1, a2]` with `a0 = 1`.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

FRACTION = 128
ONE = 1 << FRACTION
HZ = 65536
"""Frequencies are integers in units of 1/65536 Hz."""


def _arctan_inverse(n: int) -> int:
    """Fixed-point arctan(1/n), by its series."""
    term = (ONE << 16) // n
    total, k, sign = term, 1, 1
    while term:
        term //= n * n
        k, sign = k + 2, -sign
        total += sign * (term // k)
    return total >> 16


PI = 4 * (4 * _arctan_inverse(5) - _arctan_inverse(239))
"""Fixed-point pi (Machin, 1706)."""


def sin_cos(numerator: int, denominator: int) -> tuple[float, float]:
    """Sine and cosine of `numerator / denominator` turns, correct to the last bit or next to it."""
    quarter, rest = divmod(4 * numerator, denominator)
    x = rest * PI // (2 * denominator)
    sine, cosine, term, k = 0, 0, ONE, 0
    while term:
        if k % 2:
            sine += term if k % 4 == 1 else -term
        else:
            cosine += term if k % 4 == 0 else -term
        k += 1
        term = (term * x >> FRACTION) // k
    s, c = sine / ONE, cosine / ONE
    return ((s, c), (c, -s), (-s, -c), (-c, s))[quarter % 4]


def exp_minus(numerator: int, denominator: int) -> float:
    """`exp(-numerator / denominator)` for a ratio >= 0."""
    x = numerator * ONE // denominator
    halvings = max(0, x.bit_length() - FRACTION)
    y = x >> halvings
    total, term, k = 0, ONE, 0
    while term:
        total += term if k % 2 == 0 else -term
        k += 1
        term = (term * y >> FRACTION) // k
    for _ in range(halvings):
        total = total * total >> FRACTION
    return total / ONE


def smoothing(seconds: float, hop: int, rate: int) -> float:
    """Coefficient of a one-pole follower, `1 - exp(-dt/tau)`, for one hop.

    Args:
        seconds: time constant; it is rounded to microseconds.
        hop: samples in one step.
        rate: samples a second.
    """
    return 1.0 - exp_minus(hop * 1_000_000, max(1, round(seconds * 1_000_000)) * rate)


@lru_cache(maxsize=8)
def twiddles(size: int) -> tuple[Float32, Float32]:
    """Real and imaginary part of `exp(-2*pi*i*k/size)`, float32[size]; `size` divisible by 8."""
    eighth = [sin_cos(k, size) for k in range(size // 8 + 1)]
    first = eighth + [(c, s) for s, c in eighth[-2::-1]]
    half = first + [(c, -s) for s, c in first[1:]]
    pairs = half + [(-s, -c) for s, c in half[1:-1]]
    re = np.array([c for _, c in pairs], dtype=np.float32)
    im = np.array([-s for s, _ in pairs], dtype=np.float32)
    return re, im


@lru_cache(maxsize=8)
def late_window(size: int) -> tuple[Float32, float]:
    """Raised-cosine window that rises over three quarters and falls over the last quarter.

    It peaks `size / 4` samples before the newest one, half as far back as a Hann window does, so what is
    heard now weighs soon.

    Returns:
        float32[size], and the sum of it.
    """
    rise = 3 * size // 4
    fall = size - rise
    # sin^2(x/2) = (1 - cos x) / 2; the half steps keep both ends off zero.
    values = [(1.0 - sin_cos(2 * k + 1, 4 * rise)[1]) / 2.0 for k in range(rise)]
    values += [(1.0 + sin_cos(2 * k + 1, 4 * fall)[1]) / 2.0 for k in range(fall)]
    window = np.array(values, dtype=np.float32)
    total = 0.0
    for value in window:
        total += float(value)
    return window, total


def band_edges(lowest: int, highest: int, doublings: int) -> list[int]:
    """Edges of `2**doublings` bands of equal ratio, in Hz * 65536.

    Args:
        lowest: first edge, Hz.
        highest: last edge, Hz.
        doublings: the ratio is the `2**doublings`-th root, taken by integer square roots.
    """
    ratio = (highest << FRACTION) // lowest
    for _ in range(doublings):
        ratio = isqrt(ratio << FRACTION)
    edge = lowest * HZ << FRACTION
    edges = []
    for _ in range(2**doublings + 1):
        edges.append((edge + ONE // 2) >> FRACTION)
        edge = edge * ratio >> FRACTION
    return edges


def bin_ranges(edges: list[tuple[int, int]], size: int, rate: int) -> Int32:
    """First and last-plus-one FFT bin of each band, int32[bands, 2]; empty (0, 0) above Nyquist.

    A band narrower than a bin gets the bin its centre falls into.

    Args:
        edges: lower and upper edge of each band, Hz * 65536.
        size: FFT length.
        rate: samples a second.
    """
    ranges = np.zeros((len(edges), 2), dtype=np.int32)
    for row, (low, high) in enumerate(edges):
        first = -(-low * size // (rate * HZ))
        last = -(-high * size // (rate * HZ))
        if last <= first:
            first = ((low + high) * size + rate * HZ) // (2 * rate * HZ)
            last = first + 1
        last = min(last, size // 2)
        if first < last:
            ranges[row] = first, last
    return ranges


def _tangent(hz: int, rate: int) -> float:
    """`tan(pi * f / rate)`, the warped frequency of the bilinear transform."""
    s, c = sin_cos(hz, 2 * rate * HZ)
    return s / c


def _within(hz: int, rate: int) -> int:
    """The frequency, held below 0.45 of the rate."""
    return min(hz, 9 * rate * HZ // 20)


def low_pass(hz: int, rate: int) -> list[float]:
    """Butterworth low-pass of second order at `hz` (Hz * 65536)."""
    k = _tangent(_within(hz, rate), rate)
    norm = 1.0 + k * ROOT_2 + k * k
    return [
        k * k / norm,
        2.0 * k * k / norm,
        k * k / norm,
        2.0 * (k * k - 1.0) / norm,
        (1.0 - k * ROOT_2 + k * k) / norm,
    ]


def high_pass(hz: int, rate: int) -> list[float]:
    """Butterworth high-pass of second order at `hz` (Hz * 65536)."""
    k = _tangent(_within(hz, rate), rate)
    norm = 1.0 + k * ROOT_2 + k * k
    return [
        1.0 / norm,
        -2.0 / norm,
        1.0 / norm,
        2.0 * (k * k - 1.0) / norm,
        (1.0 - k * ROOT_2 + k * k) / norm,
    ]


def band_pass(hz: int, q: float, rate: int) -> list[float]:
    """Band-pass of second order, 0 dB at `hz` (Hz * 65536), width by `q`."""
    k = _tangent(_within(hz, rate), rate)
    norm = 1.0 + k / q + k * k
    return [k / q / norm, 0.0, -k / q / norm, 2.0 * (k * k - 1.0) / norm, (1.0 - k / q + k * k) / norm]


def k_weighting(rate: int) -> list[list[float]]:
    """The two filters of ITU-R BS.1770, redesigned for any rate from their analogue prototypes.

    Constants: De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 145 (2018).
    """
    k = _tangent(_within(110_229_877, rate), rate)  # 1681.974450955533 Hz
    q, high, mid = 0.7071752369554196, 1.584864701130855, 1.2587209302325617
    norm = 1.0 + k / q + k * k
    shelf = [
        (high + mid * k / q + k * k) / norm,
        2.0 * (k * k - high) / norm,
        (high - mid * k / q + k * k) / norm,
        2.0 * (k * k - 1.0) / norm,
        (1.0 - k / q + k * k) / norm,
    ]
    k = _tangent(2_499_246, rate)  # 38.13547087602444 Hz
    q = 0.5003270373238773
    norm = 1.0 + k / q + k * k
    rumble = [1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / norm, (1.0 - k / q + k * k) / norm]
    return [shelf, rumble]


ROOT_2 = isqrt(2 << (2 * FRACTION)) / ONE
