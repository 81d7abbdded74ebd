"""Complex FFT (Stockham, radix 4)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


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
    size = x.shape[1]
    n = size
    stride = 1
    in_y = False
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
            o = 4 * stride * p
            for q in range(stride):
                sr, si = ar[i0 + q] + ar[i2 + q], ai[i0 + q] + ai[i2 + q]
                dr, di = ar[i0 + q] - ar[i2 + q], ai[i0 + q] - ai[i2 + q]
                tr, ti = ar[i1 + q] + ar[i3 + q], ai[i1 + q] + ai[i3 + q]
                er, ei = ai[i3 + q] - ai[i1 + q], ar[i1 + q] - ar[i3 + q]  # i*(x1 - x3)
                br[o + q] = sr + tr
                bi[o + q] = si + ti
                ur, ui = dr - er, di - ei
                br[o + stride + q] = ur * w1r - ui * w1i
                bi[o + stride + q] = ur * w1i + ui * w1r
                ur, ui = sr - tr, si - ti
                br[o + 2 * stride + q] = ur * w2r - ui * w2i
                bi[o + 2 * stride + q] = ur * w2i + ui * w2r
                ur, ui = dr + er, di + ei
                br[o + 3 * stride + q] = ur * w3r - ui * w3i
                bi[o + 3 * stride + q] = ur * w3i + ui * w3r
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
