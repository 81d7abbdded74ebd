"""Gradient boosting of small regression trees, squared error (Friedman, 2001).

Features are cut into at most `BINS` bins at quantiles of the training rows. Every tree sees a share of the
rows and of the features, drawn by the seed, and trees are grown level by level. One thread, sums in a fixed
order: the same rows and seed give the same trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.gates.ranks import F64, I64
from models.quality.kernels import histograms
from selector.draw import splitmix64

BINS = 32


@dataclass(frozen=True)
class Growth:
    """How trees are grown.

    Attributes:
        trees: how many.
        depth: levels of each.
        rate: share of a tree's answer that is taken.
        least: fewest rows in a leaf.
        shrink: rows of zero that every leaf is averaged with.
        row_share: share of rows that a tree sees.
        column_share: share of features that a tree sees.
    """

    trees: int = 300
    depth: int = 4
    rate: float = 0.04
    least: int = 8
    shrink: float = 8.0
    row_share: float = 0.7
    column_share: float = 0.25


@dataclass(frozen=True)
class _Tree:
    """A full tree: for each inner node its feature and last bin to the left (feature -1: all left)."""

    feature: I64
    cut: I64
    leaf: F64


class Boosting:
    """A trained model.

    Args:
        inputs: f64[n, features], finite.
        target: f64[n].
        growth: how trees are grown.
        seed: of the shares.
    """

    def __init__(self, inputs: F64, target: F64, growth: Growth | None = None, seed: int = 1) -> None:
        growth = growth or Growth()
        self._edges = [_edges(inputs[:, at]) for at in range(inputs.shape[1])]
        bins = self._binned(inputs)
        self.base = float(np.mean(target))
        self._trees: list[_Tree] = []
        rest = np.asarray(target, dtype=np.float64) - self.base
        usable = np.flatnonzero([edges.size > 0 for edges in self._edges])
        for number in range(growth.trees if usable.size else 0):
            rows = _share(len(rest), growth.row_share, splitmix64(seed, 2 * number))
            columns = usable[_share(usable.size, growth.column_share, splitmix64(seed, 2 * number + 1))]
            tree = _grow(bins, rest, rows, columns, growth)
            self._trees.append(tree)
            rest = rest - tree.leaf[_leaves(tree, bins, growth.depth)]
        self._depth = growth.depth

    def to_json(self) -> dict[str, Any]:
        """All numbers of the model, for a file."""
        return {
            "base": self.base,
            "depth": self._depth,
            "edges": [edges.tolist() for edges in self._edges],
            "trees": [[t.feature.tolist(), t.cut.tolist(), t.leaf.tolist()] for t in self._trees],
        }

    @classmethod
    def from_json(cls, top: Mapping[str, Any]) -> Boosting:
        """The model that `to_json` wrote."""
        model = cls.__new__(cls)
        model.base, model._depth = float(top["base"]), int(top["depth"])
        model._edges = [np.array(edges, dtype=np.float64) for edges in top["edges"]]
        model._trees = [
            _Tree(np.array(f, dtype=np.int64), np.array(c, dtype=np.int64), np.array(leaf, dtype=np.float64))
            for f, c, leaf in top["trees"]
        ]
        return model

    def predict(self, inputs: F64) -> F64:
        """Answers f64[n] for f64[n, features]."""
        bins = self._binned(inputs)
        answer = np.full(len(bins), self.base)
        for tree in self._trees:
            answer += tree.leaf[_leaves(tree, bins, self._depth)]
        return answer

    def _binned(self, inputs: F64) -> NDArray[np.uint8]:
        columns = [np.searchsorted(edges, inputs[:, at]) for at, edges in enumerate(self._edges)]
        return np.ascontiguousarray(np.array(columns, dtype=np.uint8).T)


def _edges(column: F64) -> F64:
    """Upper edges of all bins but the last, f64[at most `BINS` - 1]; none for a constant column."""
    ordered = np.sort(column)
    places = [(ordered.size - 1) * cut // BINS for cut in range(1, BINS)]
    edges = np.unique(ordered[places])
    return edges[edges < ordered[-1]]


def _share(count: int, share: float, key: int) -> I64:
    """About `share` of 0..count-1, at least one, in rising order."""
    drawn = np.random.RandomState(key % (1 << 32)).permutation(count)
    return np.sort(drawn[: max(int(count * share), 1)]).astype(np.int64)


def _grow(bins: NDArray[np.uint8], rest: F64, rows: I64, columns: I64, growth: Growth) -> _Tree:
    inner = (1 << growth.depth) - 1
    feature, cut = np.full(inner, -1, dtype=np.int64), np.full(inner, BINS, dtype=np.int64)
    node = np.zeros(len(rest), dtype=np.int32)
    for level in range(growth.depth):
        nodes = 1 << level
        sums = np.zeros((nodes, columns.size, BINS))
        counts = np.zeros((nodes, columns.size, BINS), dtype=np.int64)
        histograms(bins, node, rest, rows, columns, sums, counts)
        left, left_n = np.cumsum(sums, axis=2), np.cumsum(counts, axis=2)
        total, total_n = left[:, :, -1:], left_n[:, :, -1:]
        right, right_n = total - left, total_n - left_n
        gain = left * left / (left_n + growth.shrink) + right * right / (right_n + growth.shrink)
        gain = gain - total * total / (total_n + growth.shrink)
        gain[(left_n < growth.least) | (right_n < growth.least)] = -1.0
        best = gain.reshape(nodes, -1).argmax(axis=1)
        found = gain.reshape(nodes, -1)[np.arange(nodes), best] > 1e-12
        at = nodes - 1 + np.arange(nodes)
        feature[at] = np.where(found, columns[best // BINS], -1)
        cut[at] = np.where(found, best % BINS, BINS)
        node = _below(node, feature[at], cut[at], bins)
    leaves = 1 << growth.depth
    weight = np.bincount(node[rows], minlength=leaves)
    answer = np.bincount(node[rows], weights=rest[rows], minlength=leaves)
    return _Tree(feature, cut, growth.rate * answer / (weight + growth.shrink))


def _below(node: NDArray[np.int32], feature: I64, cut: I64, bins: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The node of each row one level down."""
    column = np.maximum(feature[node], 0)
    right = bins[np.arange(len(node)), column] > cut[node]
    return (2 * node + right).astype(np.int32)


def _leaves(tree: _Tree, bins: NDArray[np.uint8], depth: int) -> NDArray[np.int32]:
    node = np.zeros(len(bins), dtype=np.int32)
    for level in range(depth):
        at = slice((1 << level) - 1, (1 << (level + 1)) - 1)
        node = _below(node, tree.feature[at], tree.cut[at], bins)
    return node
