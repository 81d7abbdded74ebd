"""Spearman's rank correlation, for reports and benchmarks; nothing is decided by it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def spearman(one: Sequence[float] | F64, other: Sequence[float] | F64) -> float | None:
    """Correlation of the ranks, -1 to 1; ties share the middle of their ranks (Spearman 1904).

    None below three values, or where all values of one side are equal.
    """
    a, b = _ranks(one), _ranks(other)
    spread = float((a * a).sum() * (b * b).sum())
    if len(a) < 3 or spread == 0.0:
        return None
    return float((a * b).sum()) / float(np.sqrt(spread))


def _ranks(values: Sequence[float] | F64) -> F64:
    """Ranks about their mean."""
    _, place, counts = np.unique(
        np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True
    )
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    return (ranks - (len(ranks) + 1) / 2.0).astype(np.float64)
