"""Complex FFT (Stockham, radix 4)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


@njit(
    "UniTuple(float32, 8)(float32, float32, float32, float32, float32, float32, float32, float32,"
    " float32, float32, float32, float32, float32, float32)",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def butterfly(
    x0r: float,
    x0i: float,
    x1r: float,
    x1i: float,
    x2r: float,
    x2i: float,
    x3r: float,
    x3i: float,
    w1r: float,
    w1i: float,
    w2r: float,
    w2i: float,
    w3r: float,
    w3i: float,
) -> tuple[float, float, float, float, float, float, float, float]:
    """Four values, real and imaginary parts by turns, transformed and turned by three twiddles."""
    sr, si = x0r + x2r, x0i + x2i
    dr, di = x0r - x2r, x0i - x2i
    tr, ti = x1r + x3r, x1i + x3i
    er, ei = x3i - x1i, x1r - x3r  # i*(x1 - x3)
    ar, ai = dr - er, di - ei
    br, bi = sr - tr, si - ti
    cr, ci = dr + er, di + ei
    return (
        sr + tr,
        si + ti,
        ar * w1r - ai * w1i,
        ar * w1i + ai * w1r,
        br * w2r - bi * w2i,
        br * w2i + bi * w2r,
        cr * w3r - ci * w3i,
        cr * w3i + ci * w3r,
    )


@njit("void(float32[:,::1], float32[:,::1], float32[:,::1])", cache=True, nogil=True, error_model="numpy")
def first_pass(x: Float32, y: Float32, twiddle: Float32) -> None:
    """The pass with stride 1 from `x` to `y`, apart, since only so it is done several values at a time."""
    quarter = x.shape[1] // 4
    ar, ai, br, bi, wr, wi = x[0], x[1], y[0], y[1], twiddle[0], twiddle[1]
    for p in range(quarter):
        i1, i2, i3, o = p + quarter, p + 2 * quarter, p + 3 * quarter, 4 * p
        br[o], bi[o], br[o + 1], bi[o + 1], br[o + 2], bi[o + 2], br[o + 3], bi[o + 3] = butterfly(
            ar[p],
            ai[p],
            ar[i1],
            ai[i1],
            ar[i2],
            ai[i2],
            ar[i3],
            ai[i3],
            wr[p],
            wi[p],
            wr[2 * p],
            wi[2 * p],
            wr[3 * p],
            wi[3 * p],
        )


@njit("boolean(float32[:,::1], float32[:,::1], float32[:,::1])", cache=True, nogil=True, error_model="numpy")
def fft(x: Float32, y: Float32, twiddle: Float32) -> bool:
    """Forward transform of `x[0] + i*x[1]`.

    Args:
        x: float32[2, n], real and imaginary part; n is a power of two >= 4. Overwritten.
        y: float32[2, n], work space.
        twiddle: float32[2, n], `exp(-2*pi*i*k/n)`.

    Returns:
        True if the result lies in `y`, False if it lies in `x`.
    """
    first_pass(x, y, twiddle)
    n = x.shape[1] // 4
    stride = 4
    in_y = True
    while n >= 4:
        a = y if in_y else x
        b = x if in_y else y
        ar, ai, br, bi = a[0], a[1], b[0], b[1]
        quarter = n // 4
        for p in range(quarter):
            w1r, w1i = twiddle[0, p * stride], twiddle[1, p * stride]
            w2r, w2i = twiddle[0, 2 * p * stride], twiddle[1, 2 * p * stride]
            w3r, w3i = twiddle[0, 3 * p * stride], twiddle[1, 3 * p * stride]
            i0 = stride * p
            i1 = i0 + stride * quarter
            i2 = i1 + stride * quarter
            i3 = i2 + stride * quarter
            o0 = 4 * stride * p
            o1, o2, o3 = o0 + stride, o0 + 2 * stride, o0 + 3 * stride
            for q in range(stride):
                (
                    br[o0 + q],
                    bi[o0 + q],
                    br[o1 + q],
                    bi[o1 + q],
                    br[o2 + q],
                    bi[o2 + q],
                    br[o3 + q],
                    bi[o3 + q],
                ) = butterfly(
                    ar[i0 + q],
                    ai[i0 + q],
                    ar[i1 + q],
                    ai[i1 + q],
                    ar[i2 + q],
                    ai[i2 + q],
                    ar[i3 + q],
                    ai[i3 + q],
                    w1r,
                    w1i,
                    w2r,
                    w2i,
                    w3r,
                    w3i,
                )
        in_y = not in_y
        n = quarter
        stride *= 4
    if n == 2:
        a = y if in_y else x
        b = x if in_y else y
        for part in range(2):
            for q in range(stride):
                b[part, q] = a[part, q] + a[part, q + stride]
                b[part, q + stride] = a[part, q] - a[part, q + stride]
        in_y = not in_y
    return in_y
