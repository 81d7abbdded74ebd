"""What must not be shown for now: reason and expiry, in samples."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from selector.catalog import Item


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

    @property
    def held(self) -> tuple[Detention, ...]:
        """All that are detained, in the order they came."""
        return tuple(self._held.values())

    @property
    def next_expiry(self) -> int | None:
        """When the next is released, in samples; None when there is none."""
        return min((d.until_sample for d in self._held.values()), default=None)

    def __contains__(self, item: object) -> bool:
        return item in self._held

    def __iter__(self) -> Iterator[Item]:
        return iter(self._held)

    def get(self, item: Item) -> Detention | None:
        """Why and until when, or None."""
        return self._held.get(item)

    def add(self, item: Item, reason: str, until_sample: int) -> None:
        """Detain `item`; a new reason replaces an old one."""
        self._held[item] = Detention(item, reason, until_sample)

    def expire(self, sample: int) -> bool:
        """Release what is due at `sample`; True when something was."""
        first = self.next_expiry
        if first is None or sample < first:
            return False
        self._held = {i: d for i, d in self._held.items() if d.until_sample > sample}
        return True
