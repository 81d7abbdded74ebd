"""One hop through the onset network: dense layer, gated recurrent layer, heads."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.kernels.network import linear, recur, sigmoid, tanh

Float32 = NDArray[np.float32]


@njit(
    "void(float32[::1], float32[:,::1], float32[:,::1], float32[:,::1], float32[:,::1], float32[::1],"
    " float32[:,::1], float32[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def advance(
    features: Float32,
    dense: Float32,
    inward: Float32,
    around: Float32,
    heads: Float32,
    state: Float32,
    work: Float32,
    out: Float32,
) -> None:
    """Hear one hop.

    Args:
        features: float32[f].
        dense: float32[1 + f, d], the bias first, as in `kernels.network.linear`.
        inward: float32[1 + d, 3 h].
        around: float32[1 + h, 3 h].
        heads: float32[1 + h, p + 1].
        state: float32[h], updated.
        work: float32[3, 3 h], overwritten; `3 h >= d`.
        out: float32[p + 1], written: p probabilities, then the age of the onset in hops.
    """
    inner = work[2, : dense.shape[1]]
    linear(features, dense, inner)
    for i in range(inner.shape[0]):
        inner[i] = tanh(inner[i])
    recur(inner, inward, around, state, work)
    linear(state, heads, out)
    for i in range(out.shape[0] - 1):
        out[i] = sigmoid(out[i])
