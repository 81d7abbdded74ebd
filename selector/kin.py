"""What of a table is akin, and what of it is set aside for a pick.

Entries are akin that share an author, a family (near-duplicates), or a look: the eight or so that are nearest
in rank of measured luma and motion. See `kernels`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selector.catalog import Table
from selector.fixedpoint import I64, MICRO, MISSING, to_micro
from selector.kernels.aside import LIST, REPEAT, set_aside
from selector.settings import SelectSettings

I32 = NDArray[np.int32]

NOBODY: Final[Mapping[int, int]] = {}
NO_RATING: Final = np.zeros((2, 0), dtype=np.int64)
KINDS: Final = ("author", "family", "look")
LIKE: Final = 8
"""How many are about alike in their looks: cells of a table are made so large."""
MOST_CELLS: Final = 128
"""Along luma and motion each."""
MOST_MEMBERS: Final = 512
"""Of a group that counts: a larger one would cost more to look through than the pick itself, and in a pack of
many thousands two picks in a row are hardly by the same hand anyway."""
MOST_PICKS: Final = 64
"""That `VarietySettings` can ask to be remembered."""


class Kinship(NamedTuple):
    """Groups of a table; see `kernels` for their form.

    `known` names the kinds of which the table tells anything.
    """

    kin: I32
    begin: I64
    members: I32
    known: tuple[str, ...]

    @property
    def nobody(self) -> int:
        """Number of the group of those who are akin to nobody; it has no members."""
        return len(self.begin) - 1

    def size(self, group: int) -> int:
        """How many there are in a group."""
        return int(self.begin[group + 1] - self.begin[group])


def kinship(table: Table) -> Kinship:
    """Who is akin to whom in a table; nobody is akin to itself alone."""
    columns = [_shared(column) for column in (table.author, table.family, _looks(table))]
    known = tuple(kind for kind, column in zip(KINDS, columns, strict=True) if (column != MISSING).any())
    kin = np.zeros((len(table), len(columns)), dtype=np.int32)
    begin = [np.zeros(1, dtype=np.int64)]
    members: list[I32] = []
    groups, listed = 0, 0
    for kind, column in enumerate(columns):
        here = np.flatnonzero(column != MISSING)
        count = int(column.max(initial=-1)) + 1
        kin[here, kind] = column[here] + groups
        order = here[np.argsort(column[here], kind="stable")]
        ends = np.searchsorted(column[order], np.arange(count, dtype=np.int64), side="right")
        begin.append(ends.astype(np.int64) + listed)
        members.append(order.astype(np.int32))
        groups, listed = groups + count, listed + len(here)
    for kind, column in enumerate(columns):
        kin[column == MISSING, kind] = groups
    return Kinship(kin, np.concatenate(begin), np.concatenate(members), known)


def _shared(column: I64) -> I64:
    """The same groups, numbered without gaps, those of one member and of too many left out."""
    ordered = np.sort(column, kind="stable")
    first, end = (np.searchsorted(ordered, column, side=side) for side in ("left", "right"))
    kept = (column != MISSING) & (end - first > 1) & (end - first <= MOST_MEMBERS)
    some = np.sort(column[kept], kind="stable")
    distinct = some[np.concatenate((np.ones(min(1, len(some)), dtype=np.bool_), some[1:] != some[:-1]))]
    return np.where(kept, np.searchsorted(distinct, column), MISSING).astype(np.int64)


def _looks(table: Table) -> I64:
    """The cell of measured luma and motion in which each lies, or MISSING."""
    luma, motion = table.luma_rank, table.motion_rank
    known = (luma != MISSING) & (motion != MISSING)
    cells = min(max(math.isqrt(int(np.count_nonzero(known)) // LIKE), 2), MOST_CELLS)
    return np.where(known, luma * cells // (MICRO + 1) * cells + motion * cells // (MICRO + 1), MISSING)


class Ladders(NamedTuple):
    """What is left to what was shown, by age: int64[4, picks], of itself and of its kin."""

    steps: I64

    @classmethod
    def weighted(cls, size: int, settings: SelectSettings) -> Ladders:
        """Of a table of so many entries; the window never covers more than half of it."""
        s, v = settings, settings.variety
        window = min(s.window, size // 2)
        longest = max(window, v.author_picks, v.family_picks, v.look_picks)
        steps = np.full((1 + len(KINDS), longest + 1), MICRO, dtype=np.int64)
        steps[0, 0] = to_micro(s.last_pick_factor)
        steps[0, 1 : window + 1] = _rising(s.window_factor, window)
        for kind, (factor, picks) in enumerate(
            (
                (v.author_factor, v.author_picks),
                (v.family_factor, v.family_picks),
                (v.look_factor, v.look_picks),
            )
        ):
            steps[1 + kind, :picks] = _rising(factor, picks)
        return cls(steps)

    @classmethod
    def public(cls, settings: SelectSettings) -> Ladders:
        """Of the published formula: the last N lose a penalty."""
        steps = np.full((1 + len(KINDS), settings.public_dedup_n + 1), MICRO, dtype=np.int64)
        steps[0, 1:] = MICRO - to_micro(settings.public_dedup_penalty)
        return cls(steps)

    @classmethod
    def random(cls) -> Ladders:
        """Of a uniform draw: what is on screen is left out."""
        steps = np.full((1 + len(KINDS), 1), MICRO, dtype=np.int64)
        steps[0, 0] = 0
        return cls(steps)


def _rising(lowest: float, picks: int) -> I64:
    least = to_micro(lowest)
    return least + (MICRO - least) * np.arange(picks, dtype=np.int64) // max(picks, 1)


class Aside:
    """What is set aside for the pick at hand: exact, and taken back by the next.

    Args:
        kinship: of the table.
        size: of the table.
    """

    def __init__(self, kinship: Kinship, size: int) -> None:
        self.kinship = kinship
        begin = kinship.begin
        self.groups = np.full((len(begin), 2), MICRO, dtype=np.int64)
        self.groups[:, 0] = begin
        self.aside = np.zeros((size, 3), dtype=np.int32)
        self.marks = np.zeros(size, dtype=np.uint8)
        self.result = np.zeros(LIST + len(KINDS) * MOST_PICKS, dtype=np.int64)

    def put(
        self,
        shown: int | None,
        recent: Sequence[int],
        excluded: Sequence[int],
        ladders: Ladders,
        rating: Mapping[int, int] = NOBODY,
    ) -> None:
        """Apply the rules.

        Args:
            shown: index of what is on screen, if it is of this table.
            recent: indices of what was shown, newest last.
            excluded: indices.
            ladders: of the mode.
            rating: what the operator likes, micro-units by index, at most 2 MICRO.
        """
        steps = ladders.steps
        past = [*recent[: -steps.shape[1] - 1 : -1], *excluded]
        counts = (0, len(past) - len(excluded))
        if shown is not None:
            past.insert(0, shown)
            counts = (1, counts[1])
        set_aside(
            np.array(past, dtype=np.int64),
            counts[0],
            counts[1],
            steps,
            np.array([[*rating], [*rating.values()]], dtype=np.int64) if rating else NO_RATING,
            self.kinship.kin,
            self.groups,
            self.kinship.members,
            self.aside,
            self.marks,
            self.result,
        )

    def repeat(self, index: int) -> int:
        """What is left to an entry for having been shown itself."""
        return int(self.aside[index, REPEAT]) if self.marks[index] else MICRO

    def left(self, index: int) -> dict[str, int]:
        """What is left to an entry: by `repeat` and by each kind of kinship that the table tells of."""
        shares = self.groups[self.kinship.kin[index], 1].tolist()
        akin = {name: share for name, share in zip(KINDS, shares, strict=True) if name in self.kinship.known}
        return {"repeat": self.repeat(index)} | akin
