"""A table prepared for drawing under one set of rules of taste: sorted, summed, ready.

Built once for each table and profile (loud or quiet section, mode); a pick then touches the strata and the
few entries that a rule singles out. See `kernels`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from selector.fixedpoint import I64, MICRO, MISSING
from selector.kernels import fit, heaviest, locate, sort_rules, weigh

STRATA: Final = 128
"""Strengths that are told apart where a table has more: a 128th of the pack is below anybody's notice."""
WORTH_CAP: Final = 4 * MICRO


class Strata:
    """Entries of a table by strength and worth.

    Args:
        strength: int64[n], rank in micro-units or MISSING; n at most `catalog.MOST_ENTRIES`.
        worth: int64[n], product of the factors of taste that do not change from pick to pick, micro-units.
        standing: int64[n], product of what no liking changes, micro-units; 0 excludes.

    Attributes:
        strengths: int64[strata], ascending, MISSING first where there is any.
        candidates: how many entries are not excluded.
    """

    def __init__(self, strength: I64, worth: I64, standing: I64) -> None:
        n = len(strength)
        classes, self.strengths = _classes(strength)
        standing = np.minimum(standing, WORTH_CAP)
        taste = np.minimum(np.minimum(worth, WORTH_CAP) * standing // MICRO, WORTH_CAP)
        order = np.argsort(classes * (WORTH_CAP + 1) + (WORTH_CAP - taste), kind="stable")
        self._order = order.astype(np.int64)
        self._place_of = np.zeros(n, dtype=np.int64)
        self._place_of[order] = np.arange(n, dtype=np.int64)
        count = len(self.strengths)
        self._first = np.searchsorted(classes[order], np.arange(count + 1)).astype(np.int64)
        self._taste_to = _running(taste[order])
        self._standing_to = _running(standing[order])
        self._most = np.array(
            [
                int(standing[order[a:b]].max()) if b > a else 0
                for a, b in zip(self._first[:-1].tolist(), self._first[1:].tolist(), strict=True)
            ],
            dtype=np.int64,
        )
        self.candidates = int(np.count_nonzero(standing))
        self._factors = np.full((4, count), MICRO, dtype=np.int64)
        self._level = np.full(count, MICRO, dtype=np.int64)
        self._upto = np.zeros(count + 1, dtype=np.int64)
        self._explore = 0
        nobody = np.zeros(1, dtype=np.int64)
        self._ruled: tuple[I64, I64, I64] = nobody[:0], nobody[:0], nobody

    def suit(self, dials: I64, sigma: float) -> None:
        """Set the levels of the strata by the moment; see `kernels.fit`."""
        self._explore = int(dials[8])
        fit(self.strengths, dials, sigma, self._factors, self._level)

    def flatten(self, explore: int) -> None:
        """Give all strata the same level."""
        self._explore = explore
        self._level[:] = MICRO - explore

    def weigh(self, rules: Mapping[int, int]) -> int:
        """The total weight when `rules` (micro-units by index, 0 to 2 MICRO) are applied to some entries."""
        count = len(rules)
        work = np.empty((3, count + 1), dtype=np.int64)
        places, shares, off = self._ruled = work[0, :count], work[1, :count], work[2]
        if count:
            given = np.array((list(rules), list(rules.values())), dtype=np.int64)
            sort_rules(self._place_of, given[0], given[1], places, shares)
        return weigh(
            self._level,
            self._explore,
            self._first,
            self._taste_to,
            self._standing_to,
            places,
            shares,
            off,
            self._upto,
        )

    def locate(self, draw: int) -> int:
        """Index of the entry that `draw`, from 0 up to the total last weighed, falls on."""
        places, _, off = self._ruled
        place = locate(
            draw,
            self._level,
            self._explore,
            self._first,
            self._taste_to,
            self._standing_to,
            places,
            off,
            self._upto,
        )
        return int(self._order[place])

    def others(self, index: int, count: int) -> list[int]:
        """Indices of the heaviest other entries, as last weighed, heaviest first."""
        found, weights = np.zeros((2, count), dtype=np.int64)
        places, shares, _ = self._ruled
        number = heaviest(
            self._level,
            self._explore,
            self._first,
            self._taste_to,
            self._standing_to,
            self._most,
            places,
            shares,
            int(self._place_of[index]),
            found,
            weights,
        )
        return [int(i) for i in self._order[found[:number]]]

    def stands(self, index: int) -> bool:
        """Whether an entry is not excluded."""
        place = int(self._place_of[index])
        return bool(self._standing_to[place + 1] > self._standing_to[place])

    def suiting(self, index: int) -> tuple[int, int, int, int]:
        """Match, visible, too strong and variety of an entry, micro-units, as last suited."""
        place = int(self._place_of[index])
        stratum = int(np.searchsorted(self._first, place, side="right")) - 1
        match, visible, strong, variety = self._factors[:, stratum].tolist()
        return match, visible, strong, variety


def _running(values: I64) -> I64:
    """Sums of all values before each, int64[n + 1]."""
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(values)))


def _classes(strength: I64) -> tuple[I64, I64]:
    """The stratum of each entry and the strength of each stratum: exact if there are few, else rounded."""
    ordered = np.sort(strength, kind="stable")
    distinct = ordered[np.concatenate((np.ones(1, dtype=np.bool_), ordered[1:] != ordered[:-1]))]
    if len(distinct) > STRATA + 1:
        steps = np.arange(STRATA + 1, dtype=np.int64)
        distinct = np.concatenate((np.full(1, MISSING, dtype=np.int64), steps * MICRO // STRATA))
        rounded = np.clip((strength * STRATA + MICRO // 2) // MICRO, 0, STRATA) + 1
        return np.where(strength == MISSING, 0, rounded), distinct
    return np.searchsorted(distinct, strength).astype(np.int64), distinct
