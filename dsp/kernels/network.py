"""One frame through the beat network: dense layer, two gated recurrent layers, heads.

Every sum is taken in a fixed order, input after input, for all outputs side by side: a matrix lies input by
input, so the compiler does several outputs at a time and no sum is reordered. Row 0 is the bias.

Gates as in Cho et al. (2014), with the reset gate after the product, as cuDNN and torch have it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

LOG2_E = np.float32(1.4426950408889634)


@njit("float32(float32)", cache=True, nogil=True, error_model="numpy")
def exp2(x: np.float32) -> np.float32:
    """Two to the power of `x`, held within -64 and 63; 3e-7 relative."""
    x = min(max(x, np.float32(-64.0)), np.float32(63.0))
    whole = np.int32(x + np.float32(64.5)) - np.int32(64)
    f = (x - np.float32(whole)) * np.float32(0.6931471805599453)
    sixth, twentyfourth, hundredth = np.float32(1 / 6), np.float32(1 / 24), np.float32(1 / 120)
    series = np.float32(1.0) + f * (
        np.float32(1.0)
        + f * (np.float32(0.5) + f * (sixth + f * (twentyfourth + f * (hundredth + f * np.float32(1 / 720)))))
    )
    return np.float32(series * np.int32((whole + np.int32(127)) << np.int32(23)).view(np.float32))


@njit("float32(float32)", cache=True, nogil=True, error_model="numpy")
def sigmoid(x: np.float32) -> np.float32:
    """`1 / (1 + exp(-x))`, 2e-7 absolute."""
    return np.float32(1.0) / (np.float32(1.0) + exp2(-LOG2_E * x))


@njit("float32(float32)", cache=True, nogil=True, error_model="numpy")
def tanh(x: np.float32) -> np.float32:
    """Hyperbolic tangent, 4e-7 absolute."""
    return np.float32(2.0) / (np.float32(1.0) + exp2(np.float32(-2.0) * LOG2_E * x)) - np.float32(1.0)


@njit("void(float32[::1], float32[:,::1], float32[::1])", cache=True, nogil=True, error_model="numpy")
def linear(x: Float32, matrix: Float32, out: Float32) -> None:
    """`bias + matrix' x`, inputs in ascending order.

    Args:
        x: float32[i].
        matrix: float32[1 + i, o], the bias first.
        out: float32[o], written.
    """
    inputs, outputs = x.shape[0], out.shape[0]
    for o in range(outputs):
        out[o] = matrix[0, o]
    paired = inputs - inputs % 4
    # Four inputs a pass, so that `out` is read and written a quarter as often; the order stays.
    for i in range(0, paired, 4):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        for o in range(outputs):
            total = out[o] + a * matrix[i + 1, o]
            total = total + b * matrix[i + 2, o]
            total = total + c * matrix[i + 3, o]
            out[o] = total + d * matrix[i + 4, o]
    for i in range(paired, inputs):
        a = x[i]
        for o in range(outputs):
            out[o] += a * matrix[i + 1, o]


@njit(
    "void(float32[::1], float32[:,::1], float32[:,::1], float32[::1], float32[:,::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def recur(x: Float32, inward: Float32, around: Float32, state: Float32, work: Float32) -> None:
    """One step of a gated recurrent layer.

    Args:
        x: float32[i].
        inward: float32[1 + i, 3 h]: reset, update and new value from the input.
        around: float32[1 + h, 3 h]: the same from the state.
        state: float32[h], updated.
        work: float32[2 or more, 3 h]; the first two rows are overwritten.
    """
    linear(x, inward, work[0])
    linear(state, around, work[1])
    hidden = state.shape[0]
    for i in range(2 * hidden):
        work[0, i] = sigmoid(work[0, i] + work[1, i])
    for i in range(hidden):
        new = tanh(work[0, 2 * hidden + i] + work[0, i] * work[1, 2 * hidden + i])
        update = work[0, hidden + i]
        state[i] = new + update * (state[i] - new)


@njit(
    "void(float32[::1], float32[:,::1], float32[:,::1], float32[:,::1], float32[:,::1], float32[:,::1],"
    " float32[:,::1], float32[::1], float32[:,::1], float32[::1], float32[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def advance(
    features: Float32,
    dense: Float32,
    first_in: Float32,
    first_around: Float32,
    second_in: Float32,
    second_around: Float32,
    heads: Float32,
    states: Float32,
    work: Float32,
    activations: Float32,
    tempo: Float32,
) -> None:
    """Hear one frame.

    Args:
        features: float32[f].
        dense: float32[1 + f, d].
        first_in: float32[1 + d, 3 h].
        first_around: float32[1 + h, 3 h].
        second_in: float32[1 + h, 3 h].
        second_around: float32[1 + h, 3 h].
        heads: float32[1 + 2 h, a + t].
        states: float32[2 h], both layers' states, updated.
        work: float32[3, 3 h], overwritten; `3 h >= d` and `3 h >= a + t`.
        activations: float32[a], written, each 0..1.
        tempo: float32[t], written, sum 1.
    """
    hidden = states.shape[0] // 2
    lower, upper = states[:hidden], states[hidden:]
    inner = work[2, : dense.shape[1]]
    linear(features, dense, inner)
    for i in range(inner.shape[0]):
        inner[i] = tanh(inner[i])
    recur(inner, first_in, first_around, lower, work)
    recur(lower, second_in, second_around, upper, work)
    count = activations.shape[0]
    out = work[0, : heads.shape[1]]
    linear(states, heads, out)
    for i in range(count):
        activations[i] = sigmoid(out[i])
    most = out[count]
    for i in range(count + 1, out.shape[0]):
        most = max(most, out[i])
    total = np.float32(0.0)
    for i in range(tempo.shape[0]):
        tempo[i] = exp2((out[count + i] - most) * LOG2_E)
        total += tempo[i]
    for i in range(tempo.shape[0]):
        tempo[i] /= total
