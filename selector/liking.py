"""More and less like this: what the operator likes is drawn more often, within bounds, and can be undone.

A step up or down multiplies the weight of the picture itself by a third of an octave or an octave, and that
of its kin (which share a layer, a family or an author with it) by less. All steps together never make a
picture more than twice or less than an eighth as likely.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from selector.catalog import Item, Table
from selector.fixedpoint import MICRO, MISSING

LOW, HIGH = -3, 3
_OWN: Final = {-3: 125_000, -2: 250_000, -1: 500_000, 0: MICRO, 1: 1_259_921, 2: 1_587_401, 3: 2 * MICRO}
_KIN: Final = {-3: 630_000, -2: 740_000, -1: 860_000, 0: MICRO, 1: 1_080_000, 2: 1_170_000, 3: 1_260_000}
_LEAST, _MOST = MICRO // 8, 2 * MICRO
_STARS: Final = {1: -3, 2: -1, 3: 0, 4: 2, 5: 3}
_REMEMBERED: Final = 1000  # pictures with a liking; the oldest is forgotten first
_UNDOS: Final = 64


class Liked(Struct, frozen=True, rename="camel"):
    """How much an item is liked: steps from -3 to 3."""

    item: Item
    steps: int


class Liking:
    """What is liked and what is not.

    Args:
        liked: as `liked` of an earlier one.
        before: as `before` of an earlier one.
    """

    def __init__(self, liked: Iterable[Liked] = (), before: Iterable[Liked] = ()) -> None:
        self._steps = {entry.item: entry.steps for entry in liked}
        self._before = list(before)
        self._factors: dict[tuple[str, str], tuple[Table, dict[int, int]]] = {}

    @property
    def liked(self) -> tuple[Liked, ...]:
        """All that is liked or not, in the order it was said."""
        return tuple(Liked(item, steps) for item, steps in self._steps.items())

    @property
    def before(self) -> tuple[Liked, ...]:
        """What can be undone: how it was before, the last one last."""
        return tuple(self._before)

    def steps(self, item: Item) -> int:
        """How much `item` is liked."""
        return self._steps.get(item, 0)

    def change(self, item: Item, by: int) -> int:
        """More (above 0) or less of it. Returns the steps it has now."""
        return self._set(item, self.steps(item) + by)

    def rate(self, item: Item, stars: int) -> int:
        """One to five stars; 0 takes the rating back. Returns the steps it has now."""
        return self._set(item, _STARS.get(stars, 0))

    def undo(self) -> Item | None:
        """Take the last change back; None when there is none."""
        if not self._before:
            return None
        last = self._before.pop()
        self._put(last.item, last.steps)
        return last.item

    def factors(self, table: Table) -> dict[int, int]:
        """Micro-units by index, where they are not 1."""
        key = (table.kind, table.pack)
        kept = self._factors.get(key)
        if kept is None or kept[0] is not table:
            kept = self._factors[key] = table, _factors(table, self._steps)
        return kept[1]

    def _set(self, item: Item, steps: int) -> int:
        self._before.append(Liked(item, self.steps(item)))
        del self._before[:-_UNDOS]
        self._put(item, min(max(steps, LOW), HIGH))
        return self.steps(item)

    def _put(self, item: Item, steps: int) -> None:
        self._steps.pop(item, None)
        if steps:
            self._steps[item] = steps
        if len(self._steps) > _REMEMBERED:
            del self._steps[next(iter(self._steps))]
        self._factors.clear()


def _factors(table: Table, steps: dict[Item, int]) -> dict[int, int]:
    """The product of what each liked item says of itself and of its kin, within the bounds."""
    found: dict[int, int] = {}
    for item, step in steps.items():
        for index in table.indices([item]):
            for kin in _kin(table, index):
                share = _OWN[step] if kin == index else _KIN[step]
                found[kin] = min(max(found.get(kin, MICRO) * share // MICRO, _LEAST), _MOST)
    return {index: share for index, share in found.items() if share != MICRO}


def _kin(table: Table, index: int) -> list[int]:
    """Itself and what shares a layer, a family or an author with it."""
    row = table.rows[index]
    layers = {row.fg_url, row.bg_url} - {None}
    kin = [i for i, other in enumerate(table.rows) if other.fg_url in layers or other.bg_url in layers]
    for column in (table.family, table.author):
        if column[index] != MISSING:
            kin += (column == column[index]).nonzero()[0].tolist()
    return sorted({index, *kin})
