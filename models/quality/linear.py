"""Ridge regression on ranks: each input becomes a normal score, so that one wild number rules nothing."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from models.gates.ranks import F64

PENALTY = 1.0
"""Per training row, on inputs of unit variance."""
_SCORES = 512
_MOST_STEPS = 300
_NORMAL = np.array([NormalDist().inv_cdf((at + 0.5) / _SCORES) for at in range(_SCORES)])


class Normal:
    """Brings columns to normal scores by the quantiles of the training rows; ties share one."""

    def __init__(self, inputs: F64) -> None:
        self._sorted = np.sort(inputs, axis=0)

    def __call__(self, inputs: F64) -> F64:
        """Normal scores, f64 of the shape of `inputs`; a constant column gives zeros."""
        rows = len(self._sorted)
        out = np.zeros(inputs.shape)
        for at in range(inputs.shape[1]):
            column = self._sorted[:, at]
            if column[0] == column[-1]:
                continue
            low = np.searchsorted(column, inputs[:, at], side="left")
            high = np.searchsorted(column, inputs[:, at], side="right")
            place = (low + high) * _SCORES // (2 * rows + 1)
            out[:, at] = _NORMAL[np.clip(place, 0, _SCORES - 1)]
        return out


class Ridge:
    """A straight line through normal scores of the inputs, f64[n, features], to a target f64[n]."""

    def __init__(self, inputs: F64, target: F64, penalty: float = PENALTY) -> None:
        self._normal = Normal(inputs)
        scores = self._normal(inputs)
        self._middle = scores.mean(axis=0)
        centred = scores - self._middle
        self._base = float(target.mean())
        self._weights = _solved(centred, target - self._base, penalty * len(target))

    def predict(self, inputs: F64) -> F64:
        """Answers f64[n]."""
        return self._base + ((self._normal(inputs) - self._middle) * self._weights).sum(axis=1)


def _solved(inputs: F64, target: F64, penalty: float) -> F64:
    """Weights w that solve (X'X + penalty) w = X'y, by conjugate gradients.

    Without a matrix library: its threads wait for one another on a busy machine, and its sums differ between
    machines.
    """
    weights = np.zeros(inputs.shape[1])
    rest = (inputs * target[:, None]).sum(axis=0)
    step, size = rest.copy(), float((rest * rest).sum())
    first = size
    for _ in range(_MOST_STEPS):
        if size <= 1e-18 * first:
            break
        along = (inputs * step).sum(axis=1)
        pulled = (inputs * along[:, None]).sum(axis=0) + penalty * step
        share = size / float((step * pulled).sum())
        weights += share * step
        rest -= share * pulled
        before, size = size, float((rest * rest).sum())
        step = rest + (size / before) * step
    return weights
