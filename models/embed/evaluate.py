"""Does a view find what is alike? Presets whose authors gave them one title, as the truth.

"Area 51" and "Area 51 (night mix)" have one stem; half of such pairs share little code. For every preset with
a relative, the rank of its nearest relative counts (mean reciprocal rank). Two nulls say what chance reaches:
random vectors, and the view's own vectors dealt out anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.embed.vectors import Vectors, whole
from models.errors import EmbeddingError
from models.gates.bootstrap import Interval, interval
from models.gates.ranks import F64, I64
from models.packs.butterchurn import split_name
from selector.labels import telling_stem

HIT = 10


@dataclass(frozen=True)
class Retrieval:
    """How well relatives are found.

    Attributes:
        queries: presets that have a relative.
        mrr: mean reciprocal rank of the nearest relative, stems drawn anew for the interval.
        hit: share of queries with a relative among the `HIT` nearest.
    """

    queries: int
    mrr: Interval
    hit: float


def stems(names: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """Title stems of each preset that share one with another.

    Args:
        names: file names (without extension) under which each id was found.
    """
    of: dict[str, set[str]] = defaultdict(set)
    having: dict[str, set[str]] = defaultdict(set)
    for name, files in names.items():
        for file in files:
            title = telling_stem(split_name(file)[1])
            if title:
                of[name].add(title)
                having[title].add(name)
    shared = {title for title, ids in having.items() if len(ids) > 1}
    return {name: frozenset(found & shared) for name, found in of.items() if found & shared}


def relatives(titles: Mapping[str, frozenset[str]]) -> list[tuple[str, str]]:
    """Pairs of ids that share a stem, each once."""
    having: dict[str, list[str]] = defaultdict(list)
    for name in sorted(titles):
        for title in titles[name]:
            having[title].append(name)
    return sorted({(a, b) for ids in having.values() for a in ids for b in ids if a < b})


def retrieval(vectors: Vectors, titles: Mapping[str, frozenset[str]], replicates: int = 1000) -> Retrieval:
    """How well `vectors` finds presets that share a title's stem.

    Raises:
        EmbeddingError: no two presets share one.
    """
    place = {name: at for at, name in enumerate(vectors.ids)}
    kin: dict[str, set[str]] = defaultdict(set)
    for a, b in relatives(titles):
        if a in place and b in place:
            kin[a].add(b)
            kin[b].add(a)
    if not kin:
        raise EmbeddingError("no two presets share a title, so nothing can be said")
    queries = sorted(kin)
    ranks = np.empty(len(queries), dtype=np.int64)
    for number, name in enumerate(queries):
        scores = vectors.scores(vectors.row(name)).astype(np.int64)
        scores[place[name]] = np.iinfo(np.int64).min
        best = max(scores[place[other]] for other in kin[name])
        # As many as are as near come first: a view that finds all alike finds nothing.
        ranks[number] = max(int((scores >= best).sum()), 1)
    worth = 1.0 / ranks
    groups = np.unique([min(titles[name]) for name in queries], return_inverse=True)[1]

    def mean(weights: I64) -> float:
        return _mean(worth, weights)

    return Retrieval(
        len(queries), interval(mean, groups, replicates=replicates), float((ranks <= HIT).mean())
    )


def nulls(vectors: Vectors, seed: int = 1) -> dict[str, Vectors]:
    """What chance has to work with: random vectors, and these vectors dealt out anew."""
    random = np.random.RandomState(seed)
    rows = len(vectors)
    drawn = random.standard_normal((rows, vectors.rows.shape[1]))
    return {
        "random": Vectors(vectors.ids, whole(drawn)),
        "shuffled": Vectors(vectors.ids, vectors.rows[random.permutation(rows)]),
    }


def _mean(values: F64, weights: I64) -> float:
    return float((values * weights).sum() / weights.sum())
