"""Intervals by drawing families anew.

Presets of one family are alike, so rows are not independent, and an interval that draws rows is too narrow.
Here families are drawn, with replacement; a row counts as often as its family was drawn. A pair has two
families and counts as often as both were drawn, multiplied (the pigeonhole bootstrap; Owen, "The pigeonhole
bootstrap", 2007).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.gates.ranks import I64
from selector.draw import GOLDEN, splitmix64

REPLICATES = 1000
CONFIDENCE_PERCENT = 95


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interval(
    statistic: Callable[[I64], float], families: I64, *, seed: int = 1, replicates: int = REPLICATES
) -> Interval:
    """95 % interval of `statistic` (percentiles of the replicates, nearest rank).

    Args:
        statistic: from weights i64[n] of the rows, whole numbers from 0 up, not all 0.
        families: i64[n] or i64[n, k]: the families of each row; the same number is the same family in
            every column.
        seed: of the draws; the same seed draws the same families.
        replicates: how often families are drawn.
    """
    places = np.asarray(families, dtype=np.int64)
    if places.ndim == 1:
        places = places[:, None]
    known, flat = np.unique(places, return_inverse=True)
    places = flat.reshape(places.shape)
    found = []
    for number in range(replicates):
        times = _drawn(splitmix64(seed, number), known.size)
        weights = times[places].prod(axis=1)
        if weights.any():
            found.append(statistic(weights))
    found.sort()
    tail = (100 - CONFIDENCE_PERCENT) * (len(found) - 1) // 200
    whole = statistic(np.ones(len(places), dtype=np.int64))
    return Interval(whole, found[tail], found[len(found) - 1 - tail])


def _drawn(key: int, count: int) -> I64:
    """How often each of `count` families is drawn when `count` are, i64[count]."""
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(key)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = (z ^ (z >> np.uint64(31))) >> np.uint64(32)
    picks = (bits * np.uint64(count)) >> np.uint64(32)
    return np.bincount(picks.astype(np.int64), minlength=count).astype(np.int64)
