"""Vectors as whole numbers: equal content gives equal scores, whatever the machine, threads or batch.

A real vector is brought to length `LENGTH` and rounded, 16 bits a component. A product of two is then a whole
number, about `LENGTH` squared times their cosine, and exact in any order of addition. Rounding moves a cosine
of 256 components by less than 0.0005.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.embed.kernels import I16, I32, products
from models.errors import EmbeddingError

LENGTH = 32_000
"""A little below 2^15, so that rounding leaves every product and partial sum inside 32 bits."""
MOST_COMPONENTS = 4096


@dataclass(frozen=True)
class Neighbour:
    """One found: `score` is a whole number, at most about `LENGTH` squared."""

    id: str
    score: int

    @property
    def cosine(self) -> float:
        """Of the angle between the two, -1..1."""
        return self.score / (LENGTH * LENGTH)


class Vectors:
    """Vectors and their ids, searched exactly.

    Args:
        ids: of the rows; all different. Rows are kept sorted by id, so that ties are too.
        rows: int16[n, d] as `whole` makes them.

    Raises:
        EmbeddingError: ids that repeat, or not one for each row.
    """

    def __init__(self, ids: Sequence[str], rows: I16) -> None:
        if len(set(ids)) != len(ids) or len(ids) != len(rows) or rows.ndim != 2:
            raise EmbeddingError("there must be one vector for each id, and each id once")
        order = sorted(range(len(ids)), key=ids.__getitem__)
        self.ids = tuple(ids[at] for at in order)
        self.rows: I16 = np.ascontiguousarray(rows[order], dtype=np.int16)
        self._place = {name: at for at, name in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, name: object) -> bool:
        return name in self._place

    def row(self, name: str) -> I16:
        """The vector of `name`, int16[d].

        Raises:
            EmbeddingError: there is none.
        """
        if name not in self._place:
            raise EmbeddingError(f"{name!r} has no vector here", fix="embed it, or name another")
        return self.rows[self._place[name]]

    def scores(self, query: I16) -> I32:
        """Product of `query`, int16[d], with each row, int32[n]."""
        if query.shape != self.rows.shape[1:]:
            raise EmbeddingError(f"the query has {query.size} components, vectors {self.rows.shape[1]}")
        found = np.empty(len(self.ids), dtype=np.int32)
        products(self.rows, np.ascontiguousarray(query, dtype=np.int16), found)
        return found

    def nearest(self, query: I16, k: int, *, but: str | None = None) -> list[Neighbour]:
        """The `k` nearest by falling score, equal scores by rising id; `but` is left out."""
        scores = self.scores(query)
        if but in self._place:
            scores[self._place[but]] = np.iinfo(np.int32).min
        k = min(k, len(self.ids) - (but in self._place))
        if k <= 0:
            return []
        least = np.partition(scores, scores.size - k)[scores.size - k]
        # Rows lie sorted by id, and a stable sort leaves equal scores so.
        rows = np.flatnonzero(scores >= least)
        best = rows[np.argsort(-scores[rows].astype(np.int64), kind="stable")[:k]]
        return [Neighbour(self.ids[at], int(scores[at])) for at in best]


def whole(vectors: NDArray[np.float64]) -> I16:
    """Real vectors f64[n, d] as whole ones, int16[n, d]; a vector of zeros stays one.

    Raises:
        EmbeddingError: a component is not finite, or there are more than `MOST_COMPONENTS`.
    """
    real = np.asarray(vectors, dtype=np.float64)
    if real.ndim != 2 or real.shape[1] > MOST_COMPONENTS or not np.isfinite(real).all():
        raise EmbeddingError(f"vectors must be finite and have at most {MOST_COMPONENTS} components")
    length = np.sqrt((real * real).sum(axis=1))
    scale = np.divide(LENGTH, length, out=np.zeros_like(length), where=length > 0.0)
    return np.rint(real * scale[:, None]).astype(np.int16)
