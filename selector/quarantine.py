"""What must not be shown for now: reason and expiry, in samples."""

from __future__ import annotations

from msgspec import Struct

from selector.catalog import Item, Table


class Detention(Struct, frozen=True, rename="camel"):
    """One item in quarantine."""

    item: Item
    reason: str
    until_sample: int


class Quarantine:
    """Items that failed, until their time is over.

    Args:
        held: as `held` of an earlier quarantine.
    """

    def __init__(self, held: tuple[Detention, ...] = ()) -> None:
        self._held = {d.item: d for d in held}
        self.next_expiry: int | None = None
        self._look_ahead()

    @property
    def held(self) -> tuple[Detention, ...]:
        """All that are detained, in the order they came."""
        return tuple(self._held.values())

    def __contains__(self, item: Item) -> bool:
        return item in self._held

    def get(self, item: Item) -> Detention | None:
        """Why and until when, or None."""
        return self._held.get(item)

    def add(self, item: Item, reason: str, until_sample: int) -> None:
        """Detain `item`; a new reason replaces an old one."""
        self._held[item] = Detention(item, reason, until_sample)
        self._look_ahead()

    def expire(self, sample: int) -> bool:
        """Release what is due at `sample`; True when something was."""
        if self.next_expiry is None or sample < self.next_expiry:
            return False
        self._held = {i: d for i, d in self._held.items() if d.until_sample > sample}
        self._look_ahead()
        return True

    def indices(self, table: Table) -> list[int]:
        """Indices in `table` of what is detained."""
        return indices_in(table, list(self._held))

    def _look_ahead(self) -> None:
        self.next_expiry = min((d.until_sample for d in self._held.values()), default=None)


def indices_in(table: Table, items: list[Item]) -> list[int]:
    """Indices in `table` of those of `items` that belong to it."""
    return [
        table.index_of[item.ident]
        for item in items
        if item.kind == table.kind and item.pack == table.pack and item.ident in table.index_of
    ]
