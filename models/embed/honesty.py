"""Tells vectors that were computed from presets from numbers that only look like vectors.

Met in the field: sines of a preset's rating and two of its parameters, and random numbers drawn anew in each
process. Both have the right shape, both pass a look, and a few relatives even share a vector by chance of
equal parameters. What they lack is continuity: presets that are nearly the same, but not quite, must lie
nearer than others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.embed.vectors import Vectors
from models.gates.bootstrap import Interval, interval
from models.gates.ranks import I64
from selector.draw import mulhi, u64

LEAST_NEARNESS = 0.7
"""Lower bound of the chance that a relative is nearer than a stranger; 0.5 is chance alone. Real views reach
more than 0.9 (`docs/learning.md`)."""
LEAST_DISTINCT = 0.5
LEAST_RELATIVES = 20
_STRANGERS = 8
_STREAM = 17


@dataclass(frozen=True)
class Honesty:
    """What was found.

    Attributes:
        nearness: chance that a relative with another vector is nearer than a stranger, with its interval.
        distinct: share of different vectors.
        relatives: pairs of relatives that were looked at.
        faults: sentences; empty for vectors that may be used.
    """

    nearness: Interval
    distinct: float
    relatives: int
    faults: tuple[str, ...]


def examine(
    vectors: Vectors, relatives: Sequence[tuple[str, str]], *, seed: int = 1, replicates: int = 1000
) -> Honesty:
    """Look at vectors as at a witness.

    Args:
        vectors: of presets.
        relatives: ids of presets that are nearly the same but not quite: versions of one preset.
        seed: draws the strangers that relatives are compared with.
        replicates: of the bootstrap.
    """
    distinct = len(np.unique(vectors.rows, axis=0)) / max(len(vectors), 1)
    pairs = [
        (a, b)
        for a, b in relatives
        if a in vectors and b in vectors and not np.array_equal(vectors.row(a), vectors.row(b))
    ]
    faults = []
    if distinct < LEAST_DISTINCT:
        faults.append(f"only {distinct:.2f} of the vectors are different")
    if len(pairs) < LEAST_RELATIVES:
        faults.append(
            f"only {len(pairs)} versions of one preset have vectors that differ, too few to judge by"
        )
        return Honesty(Interval(0.5, 0.0, 1.0), distinct, len(pairs), tuple(faults))
    wins, places = _wins(vectors, pairs, seed)

    def nearness(weights: I64) -> float:
        return int((weights * wins).sum()) / (2 * _STRANGERS * int(weights.sum()))

    found = interval(nearness, places, seed=seed, replicates=replicates)
    if found.low < LEAST_NEARNESS:
        faults.append(
            f"versions of one preset lie nearer than strangers with chance {found}, "
            f"lower bound at least {LEAST_NEARNESS} wanted: these numbers were not computed from presets"
        )
    return Honesty(found, distinct, len(pairs), tuple(faults))


def _wins(vectors: Vectors, pairs: Sequence[tuple[str, str]], seed: int) -> tuple[I64, I64]:
    """For each pair: twice the strangers that are farther, plus those as far; and the pair's own number.

    A preset that is in several pairs makes one cluster of them.
    """
    wins = np.empty(len(pairs), dtype=np.int64)
    cluster: dict[str, str] = {}

    def root(name: str) -> str:
        while cluster.setdefault(name, name) != name:
            name = cluster[name]
        return name

    draw = 0
    for number, (a, b) in enumerate(pairs):
        cluster[root(a)] = root(b)
        query = vectors.row(a).astype(np.int64)
        near = int(query @ vectors.row(b).astype(np.int64))
        count = 0
        for _ in range(_STRANGERS):
            stranger = vectors.rows[mulhi(u64(seed, _STREAM, draw), len(vectors))].astype(np.int64)
            draw += 1
            score = int(query @ stranger)
            count += 2 * (near > score) + (near == score)
        wins[number] = count
    roots = {name: at for at, name in enumerate(sorted({root(a) for a, _ in pairs}))}
    return wins, np.array([roots[root(a)] for a, _ in pairs], dtype=np.int64)
