"""Rank correlation and spread, in whole numbers: the same bits on every machine.

Numbers are compared and never summed as they are: ranks are whole numbers, and scores in [0, 1] are taken
in millionths. Weights are whole numbers too, so that a bootstrap, which takes a row several times or not at
all, needs no copy of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]

MICRO = 1_000_000
MOST_WEIGHT = 1_000_000
"""Above this sum of weights the products of ranks would leave 64 bits."""


class Ranking:
    """A column of numbers, sorted once; ranks under any weights follow from that.

    Args:
        values: f64[n], finite.

    Raises:
        ValueError: there are no values, or one is not finite.
    """

    def __init__(self, values: F64) -> None:
        column = np.asarray(values, dtype=np.float64)
        if column.ndim != 1 or not column.size or not np.isfinite(column).all():
            raise ValueError("ranks need at least one value, all finite")
        self._order = np.argsort(column, kind="stable")
        ordered = column[self._order]
        first = np.empty(column.size, dtype=bool)
        first[0] = True
        first[1:] = ordered[1:] != ordered[:-1]
        self._starts = np.flatnonzero(first)
        self._group = np.cumsum(first) - 1

    def ranks(self, weights: I64) -> I64:
        """Twice the middle rank of each row (equal values share one), i64[n]; weights i64[n], from 0 up."""
        ordered = weights[self._order]
        size = np.add.reduceat(ordered, self._starts)
        before = np.cumsum(size) - size
        doubled = np.empty(weights.size, dtype=np.int64)
        doubled[self._order] = (2 * before + size)[self._group]
        return doubled


def correlation(x: Ranking, y: Ranking, weights: I64) -> float:
    """Spearman's rank correlation of two columns whose rows count `weights` times; 0 where one is constant.

    Raises:
        ValueError: the weights sum to more than `MOST_WEIGHT`.
    """
    total = int(weights.sum())
    if total > MOST_WEIGHT:
        raise ValueError(f"at most {MOST_WEIGHT} rows can be ranked exactly")
    a, b = x.ranks(weights), y.ranks(weights)
    wa = weights * a
    sum_a, sum_b = int(wa.sum()), int((weights * b).sum())
    cross = total * int((wa * b).sum()) - sum_a * sum_b
    var_a = total * int((wa * a).sum()) - sum_a * sum_a
    var_b = total * int((weights * b * b).sum()) - sum_b * sum_b
    if var_a <= 0 or var_b <= 0:
        return 0.0
    return cross / (sqrt(var_a) * sqrt(var_b))


def spearman(x: F64, y: F64) -> float:
    """Spearman's rank correlation of two columns, ties at their middle rank; 0 where one is constant."""
    return correlation(Ranking(x), Ranking(y), np.ones(len(x), dtype=np.int64))


@dataclass(frozen=True)
class Spread:
    """How a column of scores in [0, 1] is spread.

    Attributes:
        quantiles: of 5, 25, 50, 75 and 95 %, nearest rank, by those numbers.
        distinct: how many different scores there are, in millionths.
        mode: share of the commonest one.
    """

    count: int
    least: float
    most: float
    mean: float
    std: float
    quantiles: dict[int, float]
    distinct: int
    mode: float

    @property
    def iqr(self) -> float:
        """Distance of the quartiles."""
        return round(self.quantiles[75] - self.quantiles[25], 6)


def micro(scores: F64) -> I64:
    """Scores in [0, 1] in millionths.

    Raises:
        ValueError: one is not in [0, 1], or there is none.
    """
    column = np.asarray(scores, dtype=np.float64)
    if not column.size or not ((column >= 0.0) & (column <= 1.0)).all():
        raise ValueError("scores must be numbers from 0 to 1, at least one")
    return np.rint(column * MICRO).astype(np.int64)


def spread(scores: F64) -> Spread:
    """Spread of `scores`, f64[n] in [0, 1]; computed in millionths."""
    column = np.sort(micro(scores))
    count = column.size
    total = int(column.sum())
    variance = count * int((column * column).sum()) - total * total
    _, times = np.unique(column, return_counts=True)
    return Spread(
        count=count,
        least=int(column[0]) / MICRO,
        most=int(column[-1]) / MICRO,
        mean=total / count / MICRO,
        std=sqrt(variance) / count / MICRO,
        quantiles={q: int(column[(count - 1) * q // 100]) / MICRO for q in (5, 25, 50, 75, 95)},
        distinct=times.size,
        mode=int(times.max()) / count,
    )
