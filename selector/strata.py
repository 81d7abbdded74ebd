"""A table prepared for drawing under one set of rules of taste: sorted, summed, ready.

Built once for each table and profile (what a section likes, mode); a pick then touches the strata and the
entries that are set aside. See `kernels`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from selector.fixedpoint import I64, MICRO, MISSING
from selector.kernels.aside import OUT
from selector.kernels.fit import fit
from selector.kernels.others import among, heaviest
from selector.kernels.weigh import weigh
from selector.kin import Aside
from selector.style import NONE

STRATA: Final = 128
"""Strengths that are told apart where a table has more: a 128th of the pack is below anybody's notice."""
STYLED_STRATA: Final = 32
"""The same where styles or bands are told apart, too."""
WORTH_CAP: Final = 4 * MICRO
SUITS_ALL: Final = np.full((8, 4), MICRO, dtype=np.int64)


class Strata:
    """Entries of a table by strength, style, band and worth.

    Args:
        strength: int64[n], rank in micro-units or MISSING; n at most `catalog.MOST_ENTRIES`.
        worth: int64[n], product of the factors of taste that do not change from pick to pick, micro-units.
        standing: int64[n], product of what no liking changes, micro-units; 0 excludes.
        style: int64[n], 0 to 3.
        band: int64[n], 0 to 3.

    Attributes:
        strengths: int64[strengths], ascending, MISSING first where there is any.
        candidates: how many entries are not excluded.
    """

    def __init__(
        self, strength: I64, worth: I64, standing: I64, style: I64 | None = None, band: I64 | None = None
    ) -> None:
        n = len(strength)
        styles, bands = (np.full(n, NONE) if column is None else column for column in (style, band))
        plain = bool((styles == NONE).all() and (bands == NONE).all())
        levels, self.strengths = _levels(strength, STRATA if plain else STYLED_STRATA)
        classes, kinds = _distinct((levels * 4 + styles) * 4 + bands)
        standing = np.minimum(standing, WORTH_CAP)
        taste = np.minimum(np.minimum(worth, WORTH_CAP) * standing // MICRO, WORTH_CAP)
        order = np.argsort(classes * (WORTH_CAP + 1) + (WORTH_CAP - taste), kind="stable")
        count = len(kinds)
        first = np.searchsorted(classes[order], np.arange(count + 1)).astype(np.int64)
        self._entries = np.zeros((n, 3), dtype=np.int32)
        self._entries[:, 0] = order
        self._entries[order, 1] = np.arange(n, dtype=np.int32)
        self._entries[:, 2] = classes
        self._sums = np.zeros((n + 1, 2), dtype=np.int64)
        self._sums[1:, 0] = np.cumsum(taste[order])
        self._sums[1:, 1] = np.cumsum(standing[order])
        self._strata = np.zeros((4, count + 1), dtype=np.int64)
        self._strata[:3, :count] = kinds // 16, kinds // 4 % 4, kinds % 4
        self._strata[3] = first
        self._most = np.array(
            [int(standing[order[a:b]].max()) for a, b in pairwise(first.tolist())],
            dtype=np.int64,
        )
        self.candidates = int(np.count_nonzero(standing))
        self._factors = np.full((6, len(self.strengths)), MICRO, dtype=np.int64)
        self._factors[0] = self.strengths
        self._suits, self._wanted = SUITS_ALL, (NONE, NONE)
        self._level = np.full(count, MICRO, dtype=np.int64)
        self._upto = np.zeros((2, count + 1), dtype=np.int64)
        self._found = np.zeros((2, 1), dtype=np.int64)
        self._explore = 0

    def suit(self, dials: I64, suits: I64, sigma: float) -> None:
        """Set the levels of the strata by the moment; see `kernels.fit`."""
        self._explore = int(dials[8])
        self._suits, self._wanted = suits, (int(dials[9]), int(dials[10]))
        fit(dials, suits, sigma, self._strata, self._factors, self._level)

    def flatten(self, explore: int) -> None:
        """Give all strata the same level."""
        self._explore = explore
        self._level[:] = MICRO - explore

    def draw(self, bits: int, aside: Aside) -> None:
        """Weigh all, less what is set aside, and draw by 64 uniform bits; `outcome` tells what came out."""
        weigh(
            bits,
            self._explore,
            self._level,
            self._strata,
            self._sums,
            self._entries,
            aside.aside,
            self._upto,
            aside.result,
        )

    def draw_among(self, group: int, bits: int, aside: Aside, count: int) -> list[int]:
        """The same from one group alone; also the heaviest others of it, heaviest first, at most `count`."""
        found = np.zeros((2, count), dtype=np.int64)
        number = among(
            bits,
            group,
            self._explore,
            self._level,
            self._sums,
            self._entries,
            aside.groups,
            aside.kinship.members,
            aside.aside,
            aside.marks,
            aside.result,
            found,
        )
        return [int(i) for i in found[0, :number]]

    def others(self, aside: Aside, count: int) -> list[int]:
        """Indices of the heaviest entries but the chosen one, as last weighed, heaviest first."""
        found = np.zeros((2, count), dtype=np.int64)
        number = heaviest(
            self._explore,
            self._level,
            self._strata,
            self._sums,
            self._entries,
            aside.aside,
            aside.marks,
            self._most,
            aside.result,
            found,
        )
        return [int(i) for i in found[0, :number]]

    def suiting(self, index: int) -> tuple[int, int, int, int, int, int]:
        """Match, visible, too strong, variety, style and band of an entry, micro-units, as last suited."""
        strength, style, band = (int(row) for row in self._strata[:3, self._entries[index, 2]])
        match, visible, strong, variety = (int(factor) for factor in self._factors[1:5, strength])
        wanted_style, wanted_band = self._wanted
        return (
            match,
            visible,
            strong,
            variety,
            int(self._suits[wanted_style, style]),
            int(self._suits[4 + wanted_band, band]),
        )


def outcome(aside: Aside) -> tuple[int, int, int, int]:
    """Index of what was chosen (-1: nothing), total weight, what was drawn, and how many rules leave out."""
    return tuple(aside.result[: OUT + 1].tolist())


def _distinct(values: I64) -> tuple[I64, I64]:
    """The number of each value among the distinct ones, and those, ascending."""
    ordered = np.sort(values, kind="stable")
    distinct = ordered[
        np.concatenate((np.ones(min(1, len(ordered)), dtype=np.bool_), ordered[1:] != ordered[:-1]))
    ]
    return np.searchsorted(distinct, values).astype(np.int64), distinct


def _levels(strength: I64, most: int) -> tuple[I64, I64]:
    """The number of each entry's strength, and those strengths: exact if there are few, else rounded."""
    levels, distinct = _distinct(strength)
    if len(distinct) <= most + 1:
        return levels, distinct
    steps = np.arange(most + 1, dtype=np.int64)
    rounded = np.clip((strength * most + MICRO // 2) // MICRO, 0, most) + 1
    strengths = np.concatenate((np.full(1, MISSING, dtype=np.int64), steps * MICRO // most))
    return np.where(strength == MISSING, 0, rounded), strengths
